/** Patches the page to a tree of virtual nodes; an element that stays keeps its focus and input. */

type Listener = (event: never) => void;

/** An element as it should be. */
export interface VNode {
  tag: string;
  /** Identifies the element among its siblings when its position changes. */
  key: string | null;
  /** null and false = absent; true = present without a value. */
  attributes: Record<string, string | boolean | null>;
  /** Set as properties: the attribute holds only their initial value. */
  properties: Record<string, unknown>;
  listeners: Record<string, Listener>;
  children: Child[];
}

export type Child = VNode | string | null | false;

/** An element's attributes, its key, its listeners (`on`) and its properties (`set`). */
export interface Options {
  key?: string;
  on?: Record<string, Listener>;
  set?: Record<string, unknown>;
  [attribute: string]: unknown;
}

const SVG = new Set(["svg", "path", "circle"]);
const KEYS = new WeakMap<Node, string>();
const LISTENERS = new WeakMap<Node, Record<string, Listener>>();
/** Attributes that elements and controls set on themselves. */
const SELF_SET = new Set(["open", "tabindex", "role", "value", "current-value"]);

/** A virtual node. `set`: its properties, `on`: its listeners, all others its attributes. */
export function h(tag: string, options: Options = {}, ...children: Child[]): VNode {
  const { key = null, on: listeners = {}, set: properties = {}, ...rest } = options;
  const attributes = rest as VNode["attributes"];
  return { tag, key, attributes, properties, listeners, children };
}

/** Makes these the children of `parent`, with as few changes as possible. */
export function patch(parent: Element, children: Child[]): void {
  const wanted = children.filter((child) => child !== null && child !== false);
  removeMissingKeys(parent, wanted);
  wanted.forEach((child, index) => {
    const current = parent.childNodes[index] ?? null;
    const node = existingNode(parent, current, child) ?? createNode(child);
    if (node !== current) {
      parent.insertBefore(node, current);
    }
    if (typeof child !== "string") {
      patchElement(node as Element, child);
    }
  });
  while (parent.childNodes.length > wanted.length) {
    parent.lastChild?.remove();
  }
}

/** Removes these first, so that no element that stays has to move: a move loses the focus. */
function removeMissingKeys(parent: Element, wanted: (VNode | string)[]): void {
  const keys = new Set(wanted.map((child) => (typeof child === "string" ? null : child.key)));
  for (const node of Array.from(parent.childNodes)) {
    const key = KEYS.get(node);
    if (key !== undefined && !keys.has(key)) {
      node.remove();
    }
  }
}

/** The node to reuse for this child: the one at its position, or the one with its key. */
function existingNode(parent: Element, current: Node | null, child: VNode | string): Node | null {
  if (typeof child === "string") {
    if (current instanceof Text && current.data !== child) {
      current.data = child;
    }
    return current instanceof Text ? current : null;
  }
  const isReusable = (node: Node | null) =>
    node instanceof Element &&
    node.localName === child.tag &&
    (KEYS.get(node) ?? null) === child.key;
  if (isReusable(current)) {
    return current;
  }
  return child.key === null ? null : ([...parent.childNodes].find(isReusable) ?? null);
}

function createNode(child: VNode | string): Node {
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

function patchElement(node: Element, { attributes, properties, listeners, children }: VNode): void {
  for (const name of node.getAttributeNames()) {
    if (!(name in attributes) && !SELF_SET.has(name)) {
      node.removeAttribute(name);
    }
  }
  for (const [name, value] of Object.entries(attributes)) {
    setAttribute(node, name, value);
  }
  setListeners(node, listeners);
  patch(node, children);
  for (const [name, value] of Object.entries(properties)) {
    const element = node as unknown as Record<string, unknown>;
    if (element[name] !== value) {
      element[name] = value;
    }
  }
}

function setAttribute(node: Element, name: string, value: string | boolean | null): void {
  const text = value === true ? "" : value;
  if (text === null || text === false || text === undefined) {
    node.removeAttribute(name);
  } else if (node.getAttribute(name) !== text) {
    node.setAttribute(name, text);
  }
}

/** Adds one listener for each event, which calls the function of the latest patch. */
function setListeners(node: Element, listeners: Record<string, Listener>): void {
  const known = LISTENERS.get(node) ?? {};
  for (const type of Object.keys(listeners)) {
    if (!(type in known)) {
      node.addEventListener(type, (event) => LISTENERS.get(node)?.[type]?.(event as never));
    }
  }
  const removed = Object.fromEntries(Object.keys(known).map((type) => [type, () => {}]));
  LISTENERS.set(node, { ...removed, ...listeners });
}
