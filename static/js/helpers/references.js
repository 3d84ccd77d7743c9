/**
 * Character references, without a parser of HTML: numeric ones, and named ones from a table (all
 * of HTML 4 and the commonest of HTML 5's). A name that is not in it is left as it is.
 */

/** Names of U+00A0 to U+00FF, in order. */
const LATIN =
  "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn " +
  "sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave " +
  "Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml " +
  "ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN " +
  "szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute " +
  "icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml " +
  "yacute thorn yuml";

/** A name and its character. */
const OTHERS =
  "amp& lt< gt> quot\" apos' OEligŒ oeligœ ScaronŠ scaronš YumlŸ fnofƒ circˆ tilde˜ AlphaΑ BetaΒ " +
  "GammaΓ DeltaΔ EpsilonΕ ZetaΖ EtaΗ ThetaΘ IotaΙ KappaΚ LambdaΛ MuΜ NuΝ XiΞ OmicronΟ PiΠ RhoΡ " +
  "SigmaΣ TauΤ UpsilonΥ PhiΦ ChiΧ PsiΨ OmegaΩ alphaα betaβ gammaγ deltaδ epsilonε zetaζ etaη " +
  "thetaθ iotaι kappaκ lambdaλ muμ nuν xiξ omicronο piπ rhoρ sigmafς sigmaσ tauτ upsilonυ phiφ " +
  "chiχ psiψ omegaω thetasymϑ upsihϒ pivϖ ndash– mdash— lsquo‘ rsquo’ sbquo‚ ldquo“ rdquo” bdquo„ " +
  "dagger† Dagger‡ bull• hellip… permil‰ prime′ Prime″ lsaquo‹ rsaquo› oline‾ frasl⁄ euro€ imageℑ " +
  "weierp℘ realℜ trade™ alefsymℵ larr← uarr↑ rarr→ darr↓ harr↔ crarr↵ lArr⇐ uArr⇑ rArr⇒ dArr⇓ " +
  "hArr⇔ forall∀ part∂ exist∃ empty∅ nabla∇ isin∈ notin∉ ni∋ prod∏ sum∑ minus− lowast∗ radic√ " +
  "prop∝ infin∞ ang∠ and∧ or∨ cap∩ cup∪ int∫ there4∴ sim∼ cong≅ asymp≈ ne≠ equiv≡ le≤ ge≥ sub⊂ " +
  "sup⊃ nsub⊄ sube⊆ supe⊇ oplus⊕ otimes⊗ perp⊥ sdot⋅ lceil⌈ rceil⌉ lfloor⌊ rfloor⌋ lang⟨ rang⟩ " +
  "loz◊ spades♠ clubs♣ hearts♥ diams♦ excl! num# dollar$ percnt% lpar( rpar) ast* plus+ comma, " +
  "period. sol/ colon: semi; equals= quest? commat@ lsqb[ lbrack[ bsol\\ rsqb] rbrack] Hat^ " +
  "lowbar_ grave` lcub{ lbrace{ verbar| vert| rcub} rbrace} check✓ cross✗ star☆ starf★ hyphen‐ " +
  "ensp\u2002 emsp\u2003 thinsp\u2009 zwnj\u200c zwj\u200d lrm\u200e rlm\u200f Tab\t NewLine\n";

/** @type {Map<string, string>} */
const NAMED = new Map(LATIN.split(" ").map((name, i) => [name, String.fromCharCode(0xa0 + i)]));
for (const [, name, character] of OTHERS.matchAll(/([A-Za-z]+[0-9]*)(.)[ ]?/gsu)) {
  NAMED.set(String(name), String(character));
}

/** Zero, surrogates and what is beyond Unicode (CommonMark 0.31, section 2.5). */
const isForbidden = (/** @type {number} */ code) =>
  code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff);

/** @param {number} code */
const character = (code) => (isForbidden(code) ? "\ufffd" : String.fromCodePoint(code));

/**
 * The text with its character references replaced, each once: `&amp;lt;` is `&lt;`.
 * @param {string} text
 */
export function decodeReferences(text) {
  if (!text.includes("&")) return text;
  return text.replace(
    /&(?:#(\d{1,7})|#[xX]([\da-fA-F]{1,6})|([A-Za-z][A-Za-z\d]{1,30}));/g,
    (reference, decimal, hex, name) =>
      name
        ? (NAMED.get(name) ?? reference)
        : character(decimal ? Number(decimal) : Number.parseInt(hex, 16)),
  );
}
