import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decodeReferences } from "#app/helpers/references.js";

describe("character references", () => {
  const cases = {
    "&lt;b&gt; &amp; &quot;&apos;": "<b> & \"'",
    "&nbsp;&auml;&yuml;&frac34;&sup2;": "\u00a0äÿ¾²",
    "&Omega;&there4;&rarr;&hearts;&NewLine;": "Ω∴→♥\n",
    "&#35;&#x1F600;&#X41;": "#😀A",
    "&#0;&#xD800;&#x110000;&#1114112;": "\ufffd\ufffd\ufffd\ufffd",
    "&amp;lt; &amp;#60;": "&lt; &#60;",
    "&bogus; &lt &; &#; &#x; &#12345678; & &&": "&bogus; &lt &; &#; &#x; &#12345678; & &&",
    "&constructor;&toString;&__proto__;": "&constructor;&toString;&__proto__;",
  };
  for (const [text, expected] of Object.entries(cases)) {
    test(`are decoded once: ${text}`, () => assert.equal(decodeReferences(text), expected));
  }
});
