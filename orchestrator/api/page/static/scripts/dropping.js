/* Photos may be dropped anywhere: the view takes them, instead of the browser that would show them in the page's place. */
import { setText } from "./dom.js";
import { filesIn } from "./dropped.js";
import { session } from "./session.js";

const LEFT = 300;
let leaving = null;

/** `take(found)` gets what was dropped, as `filesIn` gives it; `words()` say what will become of it. */
export function takeDrops(take, words) {
  const sign = document.querySelector(".drop-sign");
  document.addEventListener("dragover", (event) => {
    if (!isFiles(event)) return;
    event.preventDefault();
    setText(sign, words());
    if (session.may("operator")) over(true);
    else event.dataTransfer.dropEffect = "none";
  });
  document.addEventListener("drop", async (event) => {
    if (!isFiles(event)) return;
    event.preventDefault();
    over(false);
    if (session.may("operator") && !document.querySelector("dialog[open]")) take(await filesIn(event.dataTransfer));
  });
}

const isFiles = ({ dataTransfer }) => dataTransfer?.types.includes("Files");

/** Nothing tells reliably that a drag has left the window; while it is over it, it tells so again and again. */
function over(is) {
  clearTimeout(leaving);
  document.documentElement.classList.toggle("dropping", is);
  if (is) leaving = setTimeout(() => over(false), LEFT);
}
