/** A tree of elements laid over the one that is there: what stays keeps its focus and text. */

type Listener = (event: never) => void;

export interface Wanted {
  tag: string;
  key: string | null;
  /** null and false = not there, true = there without a value. */
  attributes: Record<string, string | boolean | null>;
  /** Properties, because the attribute is only their first value. */
  properties: Record<string, unknown>;
  listeners: Record<string, Listener>;
  children: Child[];
}

export type Child = Wanted | string | null | false;

interface Given {
  key?: string;
  on?: Record<string, Listener>;
  set?: Record<string, unknown>;
  [attribute: string]: unknown;
}

const SVG = new Set(["svg", "path", "circle"]);
const KEYS = new WeakMap<Node, string>();
const LISTENERS = new WeakMap<Node, Record<string, Listener>>();

/** An element as it shall be. `set` = properties, `on` = listeners, the rest attributes. */
export function h(tag: string, given: Given = {}, ...children: Child[]): Wanted {
  const { key = null, on = {}, set = {}, ...attributes } = given;
  return {
    tag,
    key,
    attributes: attributes as Wanted["attributes"],
    properties: set,
    listeners: on,
    children,
  };
}

/** Makes the children of `parent` be these, with as few changes as possible. */
export function lay(parent: Element, children: Child[]): void {
  const wanted = children.filter((child) => child !== null && child !== false);
  clear(parent, wanted);
  wanted.forEach((child, index) => {
    const at = parent.childNodes[index] ?? null;
    const node = standing(parent, at, child) ?? made(child);
    if (node !== at) {
      parent.insertBefore(node, at);
    }
    if (typeof child !== "string") {
      dress(node as Element, child);
    }
  });
  while (parent.childNodes.length > wanted.length) {
    parent.lastChild?.remove();
  }
}

/** Takes out first what goes, so that nothing that stays has to move and lose its focus. */
function clear(parent: Element, wanted: (Wanted | string)[]): void {
  const keys = new Set(wanted.map((child) => (typeof child === "string" ? null : child.key)));
  for (const node of Array.from(parent.childNodes)) {
    const key = KEYS.get(node);
    if (key !== undefined && !keys.has(key)) {
      node.remove();
    }
  }
}

/** The node that already stands for this child, if one does. */
function standing(parent: Element, at: Node | null, child: Wanted | string): Node | null {
  if (typeof child === "string") {
    if (at instanceof Text && at.data !== child) {
      at.data = child;
    }
    return at instanceof Text ? at : null;
  }
  const isIt = (node: Node | null) =>
    node instanceof Element &&
    node.localName === child.tag &&
    (KEYS.get(node) ?? null) === child.key;
  if (isIt(at)) {
    return at;
  }
  return child.key === null ? null : ([...parent.childNodes].find(isIt) ?? null);
}

function made(child: Wanted | string): Node {
  if (typeof child === "string") {
    return document.createTextNode(child);
  }
  const node = SVG.has(child.tag)
    ? document.createElementNS("http://www.w3.org/2000/svg", child.tag)
    : document.createElement(child.tag);
  if (child.key !== null) {
    KEYS.set(node, child.key);
  }
  return node;
}

function dress(node: Element, { attributes, properties, listeners, children }: Wanted): void {
  for (const name of node.getAttributeNames()) {
    if (!(name in attributes) && !OWN.has(name)) {
      node.removeAttribute(name);
    }
  }
  for (const [name, value] of Object.entries(attributes)) {
    setAttribute(node, name, value);
  }
  listen(node, listeners);
  lay(node, children);
  for (const [name, value] of Object.entries(properties)) {
    const owner = node as unknown as Record<string, unknown>;
    if (owner[name] !== value) {
      owner[name] = value;
    }
  }
}

/** Attributes that elements and controls give themselves. */
const OWN = new Set(["open", "tabindex", "role", "value", "current-value"]);

function setAttribute(node: Element, name: string, value: string | boolean | null): void {
  const text = value === true ? "" : value;
  if (text === null || text === false || text === undefined) {
    node.removeAttribute(name);
  } else if (node.getAttribute(name) !== text) {
    node.setAttribute(name, text);
  }
}

/** One listener each for good; what it calls changes with every laying. */
function listen(node: Element, listeners: Record<string, Listener>): void {
  const known = LISTENERS.get(node) ?? {};
  for (const type of Object.keys(listeners)) {
    if (!(type in known)) {
      node.addEventListener(type, (event) => LISTENERS.get(node)?.[type]?.(event as never));
    }
  }
  LISTENERS.set(node, {
    ...Object.fromEntries(Object.keys(known).map((k) => [k, idle])),
    ...listeners,
  });
}

function idle(): void {}
