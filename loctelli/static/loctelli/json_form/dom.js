// What the parts of a JSON column's form are made with.

export const TIME_ZONES = "json-form-time-zones";
export const PATTERNS = { date: /^\d{4}-\d\d-\d\d$/, time: /^\d\d:\d\d$/ };
export const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
export const isSet = (value) => isObject(value) && value.set === true;
export const kindOf = (value) => (value === null ? "null" : Array.isArray(value) ? "array" : typeof value);

let serial = 0;

/** Return an id that no other element has. */
export const freshId = () => `json-form-${++serial}`;

/** Make an element; attributes that are functions are listeners, text children stay text. */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== null));
  return element;
}

export const icon = (name) => el("span", { class: "material-symbols-outlined", "aria-hidden": "true" }, name);

/** Parse JSON; throws on what would not survive being written again. */
export function parse(text, words) {
  const value = JSON.parse(text);
  const bare = text.replace(/"(?:[^"\\]|\\.)*"/g, '""');
  const count = (node) =>
    node === null || typeof node !== "object"
      ? 0
      : Object.values(node).reduce(
          (sum, child) => sum + count(child),
          Array.isArray(node) ? 0 : Object.keys(node).length,
        );
  if ((bare.match(/""\s*:/g) || []).length !== count(value)) throw new SyntaxError(words.twice);
  for (const number of bare.match(/-?\d[\d.eE+-]*/g) || []) {
    const digits = number.replace(/[eE].*|[-.]/g, "").replace(/^0+/, "");
    if (digits.length > 15 && !(Number.isSafeInteger(Number(number)) && /^-?\d+$/.test(number)))
      throw new RangeError(words.inexact);
  }
  return value;
}
