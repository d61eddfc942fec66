/* Finds the files in what was dropped: folders are walked through. */
import { counted } from "./format.js";

const TAKEN = /\.(jpe?g|png|tiff?|bmp|raw|dng|nef|jxl|mp4|mov|lrv|ts|txt|las|laz|srt)$/i;

/** Gives `{files, left}`: what can be sent, and how many files are nothing of the kind. */
export async function filesIn(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  const files = entries.length ? (await Promise.all(entries.map(walk))).flat() : [...transfer.files];
  return sorted(files);
}

export function sorted(files) {
  const taken = files.filter((file) => TAKEN.test(file.name));
  return { files: taken, left: files.length - taken.length };
}

/** Says how many files were left out; nothing where none was. */
export function leftOut(count) {
  return count ? `${counted(count, "file")} left out: ${count === 1 ? "it is no photo" : "they are no photos"}` : "";
}

async function walk(entry) {
  if (entry.isFile) return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    // A folder is read in pieces; an empty one is the last.
    const piece = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (piece.length === 0) return found;
    for (const inner of piece) found.push(...await walk(inner));
  }
}
