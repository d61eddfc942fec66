/* The icons: strokes on a grid of 24, drawn in the colour of the text around them. */
const PATHS = {
  tasks: "M4 6h16M4 12h16M4 18h10",
  nodes: "M4 5h16v6H4zM4 13h16v6H4zM8 8h.01M8 16h.01",
  projects: "M3 7a2 2 0 0 1 2-2h4l2 2h8a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2z",
  webhooks: "M9.5 9.5 6.5 15M6 16.5h9M14.5 12 12 7M12 3.5a2.5 2.5 0 0 1 1.5 4.5M4 15a2.5 2.5 0 1 0 2.5 4M17 18.500a2.5 2.5 0 1 0 .5-4.400",
  add: "M12 5v14M5 12h14",
  light: "M12 4V2M12 22v-2M4 12H2M22 12h-2M6 6 4.6 4.6M19.4 19.4 18 18M6 18l-1.4 1.4M19.4 4.6 18 6M12 8a4 4 0 1 1 0 8a4 4 0 0 1 0-8z",
  dark: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z",
  system: "M3 5h18v11H3zM9 20h6M12 16v4",
  out: "M10 4H5v16h5M15 8l4 4-4 4M19 12H9",
  search: "M11 4a7 7 0 1 1 0 14a7 7 0 0 1 0-14zM16 16l4.5 4.5",
  right: "M9 6l6 6-6 6",
  left: "M15 6l-6 6 6 6",
  close: "M6 6l12 12M18 6 6 18",
  offline: "M2 8.5A15 15 0 0 1 9 4.9M22 8.5A15 15 0 0 0 13 4.5M5 12.5a10 10 0 0 1 4-2.6M8.5 16a5 5 0 0 1 7 0M12 20h.01M3 3l18 18",
  more: "M6 9l6 6 6-6",
  save: "M12 4v11M7.5 11l4.5 4.5 4.5-4.5M5 20h14",
  zoom: "M4 9V4h5M20 15v5h-5M4 4l6 6M20 20l-6-6",
  check: "M5 12.5l4.5 4.5L19 7.5",
  failed: "M7 7l10 10M17 7 7 17",
  canceled: "M6 12h12",
  clock: "M12 6.5V12l3.5 2",
  up: "M12 18V6M7 11l5-5 5 5",
  down: "M12 6v12M7 13l5 5 5-5",
  queued: "M7 12h.01M12 12h.01M17 12h.01",
  running: "M9.5 7.5v9l7-4.5z",
  draft: "M7 17h3l7-7-3-3-7 7z",
  trash: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13",
  restart: "M4 12a8 8 0 1 0 2.5-5.8M4 4v4.5h4.5",
  hand: "M8 13V6.5a1.5 1.5 0 0 1 3 0V11m0-5.5a1.5 1.5 0 0 1 3 0V11m0-4a1.5 1.5 0 0 1 3 0v7a6 6 0 0 1-10.6 3.9L4 14.5a1.5 1.5 0 0 1 2.3-1.9L8 14",
  stop: "M7 7h10v10H7z",
  pause: "M9 6v12M15 6v12",
  edit: "M4 20h4L19 9l-4-4L4 16zM13.5 6.5l4 4",
  image: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9h.01",
  alert: "M12 4 2.5 20h19zM12 10v4.5M12 17.2h.01",
  file: "M6 3h8l4 4v14H6zM14 3v4h4",
};

const SVG = "http://www.w3.org/2000/svg";

/** Draws one; it says nothing to screen readers, the text beside it does. */
export function icon(name, size = 18) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({
    viewBox: "0 0 24 24", width: size, height: size, fill: "none", stroke: "currentColor", "stroke-width": "1.8",
    "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true", class: "icon",
  })) svg.setAttribute(key, value);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
