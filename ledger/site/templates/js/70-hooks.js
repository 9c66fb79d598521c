// The order of one run as a picture: a lane each for torch, callbacks, the module and the data module.

const LANES = { callback: "callback", module: "module", datamodule: "datamodule" };
const LANE_NAMES = ["torch", "callback", "module", "datamodule"];

function eventItem(event) {
  const owner = event.trim().split(".")[0], lane = LANES[owner] || "torch";
  const [, name, values] = /^ *(\w+\.\w+)(.*)$/.exec(event) || [null, event, ""];
  const short = lane === "torch" ? name : name.replace(/^\w+\./, "");
  const label = `${lane === "torch" ? "" : `<span class="owner">${owner}.</span>`}${escape(short)}<small>${escape(values)}</small>`;
  return `<li class="event lane-${LANE_NAMES.indexOf(lane)}">${lane === "torch" ? `<span>${label}</span>` : `<a href="index.html#q=${name}">${label}</a>`}</li>`;
}

// How often the block of `size` items at `start` is repeated right behind it.
function repeats(signs, start, size) {
  let count = 0;
  while (range(size).every((k) => signs[start + k] === signs[start + (count + 1) * size + k])) count += 1;
  return count;
}

function laneItems(items) {
  const signs = items.map(signature);
  let html = "";
  for (let i = 0; i < items.length; ) {
    const size = range(8).map((k) => k + 1).find((k) => items.slice(i, i + k).some((item) => typeof item !== "string") && i + 2 * k <= items.length && repeats(signs, i, k));
    const block = items.slice(i, i + (size || 1));
    html += block.map((item) => (typeof item === "string" ? eventItem(item) : group(item))).join("");
    i += block.length;
    if (size) {
      const count = repeats(signs, i - size, size), rest = items.slice(i, i + count * size);
      html += `<li class="group again"><details><summary>${t("repeats", count)}</summary><ol>${rest.map((item) => (typeof item === "string" ? eventItem(item) : group(item))).join("")}</ol></details></li>`;
      i += rest.length;
    }
  }
  return html;
}
const group = (tree) => `<li class="group"><details open><summary>${tree.heading}</summary><ol>${laneItems(tree.items)}</ol></details></li>`;

VIEWS.hooks = () => {
  const i = subjectNamed(get("release"), NEWEST), run = get("run") || RUNS[0], device = get("device"), events = trace(run, i, device);
  if (!events) {
    $("count").textContent = "";
    $("view").innerHTML = `<p>${t("order-missing")}</p>`;
    return;
  }
  $("count").textContent = `${t("order-of", run, D.subjects[i].lightning, device || DEVICES.find((one) => trace(run, i, one)))}: ${t("events", events.length)}`;
  const heads = LANE_NAMES.map((name, n) => `<span class="lane-${n}">${t(`lane-${name}`)}</span>`);
  $("view").innerHTML = `<div class="lane-heads" aria-hidden="true">${heads.join("")}</div><ol class="lanes">${laneItems(outline(events).items)}</ol>`;
};
