/** Small acts on the page: make an element, find a hook, show words. */

/**
 * An element with these children (strings become text nodes), any number of them, and properties.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {(Node | string)[]} [children]
 * @param {Partial<HTMLElementTagNameMap[Tag]>} [properties]
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, children = [], properties = {}) {
  const node = Object.assign(document.createElement(tag), properties);
  for (const child of children) node.append(child);
  return node;
}

/**
 * The hook of this name inside a component: `[data-<name>]`, or a button by its action.
 * @param {ParentNode} root
 * @param {string} name
 * @returns {HTMLElement | null}
 */
export const hook = (root, name) => root.querySelector(`[data-${name}]`);

/**
 * @param {ParentNode} root
 * @param {string} action
 * @returns {HTMLElement | null}
 */
export const button = (root, action) => root.querySelector(`[data-action="${action}"]`);

/**
 * The action of the button that was clicked, if it was one.
 * @param {Event} event
 * @returns {{action: string, button: HTMLElement} | null}
 */
export function clicked(event) {
  const target = event.target instanceof Element ? event.target.closest("[data-action]") : null;
  if (!(target instanceof HTMLElement)) return null;
  return { action: target.dataset.action ?? "", button: target };
}

/**
 * Shows these words, or hides the element when there are none.
 * @param {HTMLElement | null} element
 * @param {string} words
 */
export function showWords(element, words) {
  if (!element) return;
  if (element.textContent !== words) element.textContent = words;
  element.hidden = !words;
}

/**
 * @param {HTMLElement | null} element
 * @param {boolean} visible
 */
export function toggle(element, visible) {
  if (element) element.hidden = !visible;
}
