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

  function mark(id) {
    for (const [each, link] of links) {
      if (each === id) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    const link = links.get(id);
    nav.firstChild.scrollTo({ left: link.offsetLeft - 24 });
  }
  // What crosses a line a third down the window is what is read.
  const observer = new IntersectionObserver(
    (entries) =>
      entries.filter((each) => each.isIntersecting).forEach((each) => mark(each.target.id)),
    { rootMargin: "-33% 0px -66% 0px" },
  );
  for (const { node } of parts) observer.observe(node);
}
