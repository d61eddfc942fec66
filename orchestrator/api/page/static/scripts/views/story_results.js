/* The results of a task: a preview of the orthophoto, and every file with its size, to be downloaded. */
import { address, api, fetched } from "../api.js";
import { told } from "../dialog.js";
import { el, fill, setText } from "../dom.js";
import { bytes, number } from "../format.js";
import { icon } from "../icons.js";
import { problem, trying } from "../notices.js";
import { session } from "../session.js";

const PREVIEW = "orthophoto.png";
const AT_ONCE = 30e6;
const TITLES = {
  "all.zip": "Everything", "orthophoto.tif": "Orthophoto (GeoTIFF)", "orthophoto.png": "Orthophoto (PNG)",
  "orthophoto.mbtiles": "Orthophoto (MBTiles)", "orthophoto.kmz": "Orthophoto (Google Earth)", "cutline.gpkg": "Cutline",
  "georeferenced_model.las": "Point cloud (LAS)", "georeferenced_model.laz": "Point cloud (LAZ)",
  "georeferenced_model.ply": "Point cloud (PLY)", "georeferenced_model.csv": "Point cloud (CSV)",
  "dtm.tif": "Terrain model", "dsm.tif": "Surface model", "shots.geojson": "Camera shots", "report.pdf": "Quality report",
  "textured_model.zip": "Textured model", "textured_model.glb": "Textured model (glTF)",
  "3d_tiles_model.zip": "3D Tiles, model", "3d_tiles_pointcloud.zip": "3D Tiles, point cloud",
  "dtm_tiles.zip": "Terrain tiles", "dsm_tiles.zip": "Surface tiles", "orthophoto_tiles.zip": "Orthophoto tiles",
  "cameras.json": "Cameras", "ground_control_points.geojson": "Ground control points",
};

export function results(signal) {
  const hint = el("p", { class: "hint", hidden: true }, "With the option orthophoto-png there is a preview here.");
  const picture = el("figure", { class: "preview", hidden: true });
  const list = el("ul", { class: "assets" });
  const element = el("section", { class: "card", "aria-labelledby": "results", hidden: true },
    el("h2", { id: "results" }, "Results"), picture, hint, list);
  let drawn = "";
  let image = null;
  return {
    element,
    update(task) {
      const now = `${task.attempt} ${task.stage === "ended"} ${task.available_assets.join(" ")}`;
      if (now === drawn) return;
      drawn = now;
      element.hidden = task.available_assets.length === 0;
      const sizes = new Map();
      fill(list, task.available_assets.map((asset) => assetRow(task, asset, sizes)));
      measure(task, sizes, signal);
      picture.hidden = true;
      hint.hidden = task.available_assets.includes(PREVIEW) || !task.available_assets.includes("orthophoto.tif");
      if (task.available_assets.includes(PREVIEW)) show(task);
    },
    close: () => image && URL.revokeObjectURL(image),
  };

  async function show(task) {
    try {
      const size = await sizeOf(task, PREVIEW, signal);
      if (size !== null && size > AT_ONCE) {
        fill(picture, el("button", { on: { click: () => load(task) } }, icon("image"), `Show the orthophoto (${bytes(size)})`));
        picture.hidden = false;
      } else {
        await load(task);
      }
    } catch (error) {
      problem(error);
    }
  }

  async function load(task) {
    const response = await fetched(api.assetPath(task, PREVIEW), { signal });
    if (image) URL.revokeObjectURL(image);
    // The daemon sends it as a download; a page shows it only as what it says it is.
    image = URL.createObjectURL(new Blob([await response.blob()], { type: "image/png" }));
    const shown = el("img", { src: image, alt: `The orthophoto of ${task.name || `task ${task.id}`}, seen from above` });
    await shown.decode();
    const look = () => lookCloser(shown);
    shown.addEventListener("click", look);
    fill(picture, shown, el("button", { class: "closer", on: { click: look } }, icon("zoom", 16), "Look closer"));
    picture.hidden = false;
  }
}

/** Shows the picture in the whole window; a click changes between all of it and its real size. */
function lookCloser({ src, alt, naturalWidth, naturalHeight }) {
  const large = el("img", { src, alt, width: naturalWidth, height: naturalHeight });
  const size = el("button", { on: { click: change } });
  const stage = el("div", { class: "stage", tabindex: "0", role: "region", "aria-label": "The orthophoto" }, large);
  function change() {
    stage.classList.toggle("real");
    const real = stage.classList.contains("real");
    fill(size, icon("zoom", 16), real ? "All of it" : "Real size");
    stage.scrollTo((stage.scrollWidth - stage.clientWidth) / 2, (stage.scrollHeight - stage.clientHeight) / 2);
  }
  stage.classList.add("real");
  change();
  large.addEventListener("click", change);
  const dialog = told("Orthophoto", el("p", { class: "viewer-tools" }, `${number(naturalWidth)} × ${number(naturalHeight)} pixels`, size), stage);
  dialog.classList.add("viewer");
}

function assetRow(task, asset, sizes) {
  const size = el("span", { class: "asset-size" });
  sizes.set(asset, size);
  const path = address(api.assetPath(task, asset));
  return el("li", {}, el("a", { class: "asset", href: path.href, download: asset, on: { click: (event) => withTicket(event, task, asset) } },
    icon(asset === "all.zip" ? "down" : "file"), el("span", { class: "asset-name" }, TITLES[asset] ?? asset,
      TITLES[asset] ? el("span", { class: "asset-file" }, asset) : null), size));
}

/** A link cannot carry a header. A ticket, good for this one file and a few minutes, goes into the address instead. */
async function withTicket(event, task, asset) {
  if (!session.token) return;
  event.preventDefault();
  const { href, download } = event.currentTarget;
  await trying(async () => {
    const url = new URL(href);
    url.searchParams.set("ticket", (await api.ticket(task, asset)).ticket);
    el("a", { href: url.href, download }).click();
  });
}

async function measure(task, sizes, signal) {
  for (const [asset, element] of sizes) {
    try {
      const size = await sizeOf(task, asset, signal);
      if (size !== null) setText(element, bytes(size));
    } catch (error) {
      if (error.name === "AbortError") return;
      // Without a size the file can still be downloaded, and the download says what is wrong.
    }
  }
}

/** Null: it is made on the fly, and nobody knows yet. */
async function sizeOf(task, asset, signal) {
  const length = (await fetched(api.assetPath(task, asset), { method: "HEAD", signal })).headers.get("Content-Length");
  return length === null ? null : Number(length);
}
