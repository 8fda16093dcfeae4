/** Icons, drawn as paths so that no font is needed. */

const SVG = "http://www.w3.org/2000/svg";
/** Paths on a grid of 16 by 16. */
const PATHS = {
  inbox: "M2 9l2-6h8l2 6v4H2zM2 9h4l1 2h2l1-2h4",
  sentitems: "M2 3l12 5-12 5 2-5zM4 8h5",
  drafts: "M3 13l1-3 7-7 2 2-7 7zM10 4l2 2",
  archive: "M2 3h12v3H2zM3 6v7h10V6M6 8.5h4",
  deleteditems: "M3 4h10M6 4V2.5h4V4M4 4l1 9.5h6L12 4",
  folder: "M2 4h4l1.5 1.5H14V13H2z",
  sync: "M3 6h9M9.5 3.5L12 6l-2.5 2.5M13 10.5H4M6.5 8L4 10.5 6.5 13",
  clip: "M11.5 5.5l-5 5a1.2 1.2 0 001.8 1.8l5-5.2a2.5 2.5 0 00-3.6-3.5L4.6 8.8a3.6 3.6 0 005 5",
  mail: "M2 4h12v9H2zM2 4.5l6 5 6-5",
};

/** An icon that screen readers ignore. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name] ?? PATHS.folder);
  svg.append(path);
  return svg;
}
