import { say } from "#app/helpers/words.js";

/** How long a button says that it did. */
const SHOWN = 2_000;

/**
 * Copies the text, and lets the button (its `span`, where it has an icon too) say so.
 * @param {string} text
 * @param {HTMLElement} button
 */
export async function copy(text, button) {
  if (navigator.clipboard) await navigator.clipboard.writeText(text);
  else copyBySelection(text);
  const label = button.querySelector("span") ?? button;
  const words = label.textContent;
  if (words === say("copied")) return;
  label.textContent = say("copied");
  setTimeout(() => {
    label.textContent = words;
  }, SHOWN);
}

/**
 * Plain http has no clipboard object.
 * @param {string} text
 */
function copyBySelection(text) {
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}
