/* Names of files: a node keeps one of two that differ only in case, so each gets a name of its own beforehand. */

/** `there`: names that are taken already. */
export function uniqueNames(names, there = []) {
  const taken = new Set(there.map((name) => name.toLowerCase()));
  return names.map((name) => {
    const dot = name.lastIndexOf(".");
    const [stem, ending] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ""];
    let free = name;
    for (let count = 2; taken.has(free.toLowerCase()); count += 1) free = `${stem}-${count}${ending}`;
    taken.add(free.toLowerCase());
    return free;
  });
}
