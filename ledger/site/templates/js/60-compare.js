// Two releases side by side: flips with corrections, the order of hooks, the Trainer's arguments.

const onBoth = (i, j, device) => !D.subjects[i].absent[device] && !D.subjects[j].absent[device];

function flips(i, j, device) {
  const found = [];
  for (const claim of D.claims) {
    const devices = (device ? [device] : devicesOf(claim)).filter((one) => onBoth(i, j, one));
    const pairs = devices.map((one) => [verdictOn(claim, i, one), verdictOn(claim, j, one)]);
    if (pairs.some(([was, is]) => was !== is && was !== "unknown" && is !== "unknown")) found.push({ claim, correction: eraOf(claim, j).correction });
  }
  const told = new Set(found.map((flip) => flip.correction));
  return found.filter((flip) => !told.has(flip.claim.id)).map((flip) => flip.claim);
}

function flipRow(claim, i, j, device) {
  return `<tr><th scope="row">${claimLink(claim.id)}<p>${told(claim)}</p></th>
${[i, j].map((one) => `<td><span class="when" aria-hidden="true">${D.subjects[one].lightning}</span> ${badge(verdict(claim, one, device))}${instead(claim, one)}</td>`).join("")}</tr>`;
}

function flipTable(i, j, device) {
  const section = get("section"), [old, next] = [D.subjects[i].lightning, D.subjects[j].lightning];
  const all = flips(i, j, device).filter((claim) => !section || D.sections[claim.section].name === section);
  $("count").textContent = t("flips-count", all.length, old, next);
  const parts = D.sections.map((one, place) => {
    const own = all.filter((claim) => claim.section === place);
    return own.length ? `<table class="flips"><caption>${escape(sectionTitle(one))}</caption><thead><tr><th scope="col">${t("claim")}</th><th scope="col">${t("was", old)}</th><th scope="col">${t("is", next)}</th></tr></thead>
<tbody>${own.map((claim) => flipRow(claim, i, j, device)).join("")}</tbody></table>` : "";
  });
  const left = (device ? [device] : DEVICES).filter((one) => !onBoth(i, j, one)).map((one) => `<p><small>${t("not-on-both", one)}</small></p>`);
  $("flips").innerHTML = `<h2>${t("flips")}</h2>${left.join("")}${parts.join("") || `<p>${t("no-flips")}</p>`}`;
}

const KINDS = { " ": ["same", " "], "-": ["removed", "−"], "+": ["added", "+"], "~": ["values", "~"], m: ["moved", "↕"] };

function orderTable(rows, a, b, moved, caption) {
  const lines = rows.map(([sign, i, j]) => {
    const [left, right] = [sign === "+" ? "" : a[i], sign === "-" ? "" : b[j]];
    const [kind, mark] = KINDS["-+".includes(sign) && moved.has(nameOf(left || right)) ? "m" : sign];
    const note = kind === "same" ? "" : `<span class="mark">${mark} ${t(kind)}</span>`;
    return `<tr class="${kind}"><td>${breakable(left)}</td><td>${breakable(right)}</td><td>${note}</td></tr>`;
  });
  const [old, next] = [get("old"), get("new")].map(escape);
  return `<table class="order"><caption>${caption}</caption><thead><tr><th scope="col">${old}</th><th scope="col">${next}</th><th scope="col">${t("change")}</th></tr></thead><tbody>${lines.join("")}</tbody></table>`;
}

function order(i, j, device) {
  const run = get("run") || RUNS[0];
  const one = DEVICES.find((name) => (!device || name === device) && trace(run, i, name) && trace(run, j, name));
  if (!one) return `<p>${t("order-missing")}</p>`;
  const [a, b] = [trace(run, i, one), trace(run, j, one)];
  const rows = difference(a, b), changed = rows.filter((row) => row[0] !== " ");
  if (!changed.length) return `<p>${t("order-same")}</p>`;
  const names = (sign, events, side) => new Set(changed.filter((row) => row[0] === sign).map((row) => nameOf(events[row[side]])));
  const gone = names("-", a, 1), moved = new Set([...names("+", b, 2)].filter((name) => gone.has(name)));
  const caption = t("order-of", escape(run), `${D.subjects[i].lightning} → ${D.subjects[j].lightning}`, one);
  if (get("whole")) return orderTable(rows, a, b, moved, caption);
  const text = ([sign, left, right]) => `${sign === "+" ? "" : a[left]}${sign === "-" ? "" : b[right]}`;
  const [oldPaths, newPaths] = [paths(outline(a)), paths(outline(b))];
  return hunks(rows, text).map((hunk, n) => {
    const [sign, left, right] = hunk.first;
    const where = (sign === "+" ? newPaths[right] : oldPaths[left]).join(" › ");
    const title = hunk.more ? t("hunk-more", n + 1, hunk.more) : t("hunk", n + 1);
    return orderTable(hunk.rows, a, b, moved, where ? `${title}: ${where}` : title);
  }).join("");
}

function argumentTable(i, j) {
  const rows = Object.entries(D.arguments).map(([name, runs]) => [name, runs.flatMap(([value, count]) => Array(count).fill(value))])
    .filter(([, values]) => values[i] !== values[j]).map(([name, values]) => {
    const kind = values[i] == null ? "added" : values[j] == null ? "removed" : "changed";
    const mark = { added: "+", removed: "−", changed: "~" }[kind];
    const shown = (value) => (value == null ? "" : `<code>${escape(value)}</code>`);
    return `<tr class="${kind}"><th scope="row"><code>${name}</code></th><td>${shown(values[i])}</td><td>${shown(values[j])}</td><td>${mark} ${t(kind)}</td></tr>`;
  });
  const [old, next] = [D.subjects[i].lightning, D.subjects[j].lightning];
  $("arguments").innerHTML = `<h2>${t("arguments")}</h2>${rows.length ? `<table><thead><tr><th scope="col">${t("argument")}</th><th scope="col">${t("default", old)}</th><th scope="col">${t("default", next)}</th><th scope="col">${t("change")}</th></tr></thead><tbody>${rows.join("")}</tbody></table>` : `<p>${t("no-arguments")}</p>`}`;
}

VIEWS.compare = () => {
  const i = subjectNamed(get("old"), MAIN[Math.max(0, MAIN.length - 2)]), j = subjectNamed(get("new"), NEWEST), device = get("device");
  flipTable(i, j, device);
  $("order").innerHTML = order(i, j, device);
  argumentTable(i, j);
};
