/* Reads a stream of server-sent events that comes through fetch, which unlike EventSource may carry credentials. */

/** Gives each event of a response as `{id, event, data}`; `heard()` is called for every piece that arrives. */
export async function* eventsIn(response, heard = () => {}) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      heard();
      const blocks = (rest + value).replaceAll("\r\n", "\n").split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) {
        const event = parsed(block);
        if (event) yield event;
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function parsed(block) {
  const event = { id: null, event: "message", data: [] };
  for (const line of block.split("\n")) {
    const [, field, value] = /^([a-z]+)(?:: ?(.*))?$/.exec(line) ?? [];
    if (field === "data") event.data.push(value ?? "");
    else if (field === "id" || field === "event") event[field] = value ?? "";
  }
  if (event.data.length === 0 && event.event === "message" && event.id === null) return null;
  return { ...event, data: event.data.join("\n") };
}
