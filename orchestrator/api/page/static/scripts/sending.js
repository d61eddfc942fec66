/* Sends one file to a task, large ones in chunks; what fails on the way is tried again, with more patience each time. */
import { ApiError, api, refusal } from "./api.js";
import { session } from "./session.js";

const CHUNK = 16 * 1024 * 1024;
const TRIES = 5;
const FIRST_WAIT = 500;

/** `progress(bytes)` tells how much of the file has gone. Raises ApiError, or AbortError when `signal` says so. */
export async function sendFile(task, file, name, { signal, progress }) {
  const total = Math.max(1, Math.ceil(file.size / CHUNK));
  const id = randomId();
  for (let index = 0; index < total; index += 1) {
    const offset = index * CHUNK;
    const form = () => {
      const made = new FormData();
      if (total > 1) {
        for (const [key, value] of Object.entries({
          dzuuid: id, dzchunkindex: index, dztotalchunkcount: total, dzchunkbyteoffset: offset,
          dztotalfilesize: file.size, dzchunksize: CHUNK,
        })) made.append(key, String(value));
      }
      made.append("images", total > 1 ? file.slice(offset, offset + CHUNK) : file, name);
      return made;
    };
    await patiently(() => post(api.uploadTo(task), form(), { signal, progress: (sent) => progress(Math.min(offset + sent, file.size)) }), signal);
  }
  progress(file.size);
}

async function patiently(work, signal) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted || tries === TRIES || !isPassing(error)) throw error;
      await new Promise((resolve) => { setTimeout(resolve, FIRST_WAIT * 2 ** (tries - 1)); });
    }
  }
}

const isPassing = (error) => error instanceof ApiError && (error.status === 0 || error.status === 429 || error.status >= 500);

/** XMLHttpRequest, because fetch does not tell how much of a body has gone. */
function post(url, form, { signal, progress }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    request.open("POST", url);
    for (const [name, value] of Object.entries(session.headers())) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded }) => progress(loaded);
    request.onload = () => (request.status < 300 ? resolve() : reject(refusal(parsed(request.responseText), request.status)));
    request.onerror = () => reject(new ApiError("The connection to the daemon broke."));
    request.onabort = () => reject(new DOMException("Canceled.", "AbortError"));
    request.onloadend = () => signal.removeEventListener("abort", abort);
    signal.addEventListener("abort", abort);
    if (signal.aborted) reject(new DOMException("Canceled.", "AbortError"));
    else request.send(form);
  });
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** crypto.randomUUID is missing where the page came over plain HTTP from another machine. */
function randomId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
