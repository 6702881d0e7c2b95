/** The list of the parts, which stays in sight and shows in which of them the reader is. */

import { element } from "./dom.js";

/** Fill the navigation of the page with links to its parts. */
export function createContents(nav, parts) {
  const links = new Map(
    parts.map(({ id, title }) => [id, element("a", { href: `#${id}` }, title)]),
  );
  nav.append(
    element(
      "ul",
      {},
      [...links.values()].map((link) => element("li", {}, link)),
    ),
  );
  nav.hidden = parts.length < 2;

  let marked;
  // The last part that begins above a line a third down the window is what is read. Places are
  // asked for anew each time: what the browser reports of crossings may lag behind a jump.
  function update() {
    const line = innerHeight / 3;
    const id = parts.findLast(({ node }) => node.getBoundingClientRect().top <= line)?.id;
    if (id === marked) return;
    links.get(marked)?.removeAttribute("aria-current");
    marked = id;
    const link = links.get(id);
    link?.setAttribute("aria-current", "true");
    nav.firstChild.scrollTo({ left: link ? link.offsetLeft - 24 : 0 });
  }
  addEventListener("scroll", update, { passive: true });
  new ResizeObserver(update).observe(document.body);
}
