// Traces: unpacked, outlined by epoch and batch, and compared.

const EVENTS = new Map([...D.traces.letters].map((letter, i) => [letter, D.traces.events[i]]));
const RUNS = Object.keys(D.traces.runs).sort((a, b) => (b === "fit") - (a === "fit") || a.localeCompare(b));

// The events of a run on a subject, on that device or the first that has it; null where there is no such trace.
function trace(run, i, device) {
  const devices = D.traces.runs[run] || {};
  const place = (device ? [device] : DEVICES).map((one) => (devices[one] || [])[i]).find((one) => one >= 0);
  return place === undefined ? null : [...D.traces.texts[place]].map((letter) => EVENTS.get(letter));
}
const nameOf = (event) => event.trim().replace(/\(.*/, "");
const shape = (text) => text.replace(/\d+/g, "#");

// A tree: { items: [event | tree], heading }, as the terminal's outline groups it.
function outline(events) {
  const top = { items: [] }, stack = [];
  const inner = () => stack[stack.length - 1];
  let epoch = -1;
  for (const event of events) {
    const [, owner, name, values] = /^ *(\w+)\.(\w+)(?:\((.*)\))?$/.exec(event) || [];
    const edge = /^on_(train|validation|test|predict)_(epoch|batch)_(start|end)$/.exec(name || "");
    while (stack.length && inner().ending && inner().ending !== name) stack.pop();
    if (edge && edge[3] === "start") {
      const kind = edge[1] + edge[2];
      const place = stack.findIndex((group) => group.kind === kind);
      if (place < 0 || stack[place].owners.has(owner)) {
        if (place >= 0) stack.length = place;
        if (kind === "trainepoch") epoch += 1;
        const group = { kind, owners: new Set(), items: [], heading: heading(edge[1], edge[2], values || "", epoch) };
        (inner() || top).items.push(group);
        stack.push(group);
      }
      stack.find((group) => group.kind === kind).owners.add(owner);
    } else if (edge && stack.length && inner().kind === edge[1] + edge[2]) inner().ending = name;
    (inner() || top).items.push(event);
  }
  return top;
}
function heading(run, what, values, epoch) {
  if (what === "epoch") return run === "train" ? t("epoch", epoch) : t(`group-${run}`);
  const index = /batch_idx=(\d+)/.exec(values);
  return t("batch", t(`group-${run}`), index ? index[1] : "");
}
const signature = (item) => (typeof item === "string" ? shape(item) : `[${item.items.map(signature).join()}]`);

// For each event the headings it stands under.
function paths(tree, above = []) {
  return tree.items.flatMap((item) => (typeof item === "string" ? [above] : paths(item, [...above, item.heading])));
}

// The longest common order of the names in two traces, as [sign, old index, new index]. The sign is " " for the same,
// "-" for gone, "+" for new, and "~" for the same hook with other arguments.
function difference(old, next) {
  const [a, b] = [old.map(nameOf), next.map(nameOf)];
  const width = b.length + 1, lengths = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      lengths[i * width + j] = a[i] === b[j] ? lengths[(i + 1) * width + j + 1] + 1 : Math.max(lengths[(i + 1) * width + j], lengths[i * width + j + 1]);
    }
  }
  const rows = [];
  let i = 0, j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) rows.push([old[i] === next[j] ? " " : "~", i++, j++]);
    else if (i < a.length && (j >= b.length || lengths[(i + 1) * width + j] >= lengths[i * width + j + 1])) rows.push(["-", i++, j]);
    else rows.push(["+", i, j++]);
  }
  return rows;
}

// Stretches of rows around what changed, each with how many others only repeat it in another batch or epoch.
function hunks(rows, text, context = 2) {
  const changed = rows.map((row, i) => (row[0] === " " ? -1 : i)).filter((i) => i >= 0);
  const stretches = [];
  for (const i of changed) {
    const last = stretches[stretches.length - 1];
    if (last && i - last.to <= 2 * context + 1) last.to = i;
    else stretches.push({ from: i, to: i });
  }
  const found = new Map();
  for (const { from, to } of stretches) {
    const part = rows.slice(Math.max(0, from - context), to + context + 1);
    const key = shape(part.map((row) => row[0] + text(row)).join("\n"));
    found.has(key) ? (found.get(key).more += 1) : found.set(key, { rows: part, first: rows[from], more: 0 });
  }
  return [...found.values()];
}
