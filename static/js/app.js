/** The page's one entry: htmx under our rules, and the elements. */

import "#app/elements/live-answer.js";
import "#app/elements/chat-composer.js";
import "#app/elements/chat-thread.js";
import htmx from "htmx.org";
import { security } from "#app/helpers/security.js";

htmx.registerExtension("app", security);
