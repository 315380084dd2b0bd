type Attributes = Readonly<Record<string, string | number>>;

/** Makes an element. A string becomes text, never markup, so that the content of a message cannot run. */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  return filled(document.createElement(tag), attributes, children);
}

export function makeSvg<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): SVGElementTagNameMap[Tag] {
  return filled(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
}

function filled<Made extends Element>(element: Made, attributes: Attributes, children: readonly (Node | string)[]) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/** A table with a row of heads above its body. */
export function makeTable(heads: readonly string[], body: HTMLElement, caption = ''): HTMLTableElement {
  const row = make('tr', {}, ...heads.map((head) => make('th', { scope: 'col' }, head)));
  return make('table', {}, ...(caption === '' ? [] : [make('caption', {}, caption)]), make('thead', {}, row), body);
}

/** An element of index.html. */
export function find<Kind extends Element = HTMLElement>(id: string): Kind {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`index.html has no #${id}`);
  // The page's own markup says what it is.
  return element as unknown as Kind;
}

/** Sets the text only if it differs, so that selections and screen readers are not disturbed. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function setTone(element: HTMLElement, tone: string): void {
  if (element.dataset.tone !== tone) element.dataset.tone = tone;
}

/** Replaces the children only when their description has changed. */
export function rebuild(element: HTMLElement, key: string, children: () => readonly (Node | string)[]): void {
  if (element.dataset.key === key) return;
  element.dataset.key = key;
  element.replaceChildren(...children());
}
