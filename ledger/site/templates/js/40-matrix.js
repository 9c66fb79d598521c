// The matrix: claims × releases. Sections fold; filters narrow the rows.

function matrixRows(columns, device) {
  const query = get("q"), word = get("verdict"), section = get("section");
  const asked = get("in") ? [subjectNamed(get("in"), NEWEST)] : columns;
  const found = query ? new Set(find(query, true).places) : null;
  return range(D.claims.length).filter((place) => {
    const claim = D.claims[place];
    if (found && !found.has(place)) return false;
    if (section && D.sections[claim.section].name !== section) return false;
    if (device && !claim.verdicts[device]) return false;
    if (word && !asked.some((i) => verdict(claim, i, device) === word)) return false;
    return !get("changing") || changes(claim, columns, device);
  });
}

function changes(claim, columns, device) {
  const words = columns.map((i) => verdict(claim, i, device)).filter((word) => !["unknown", "untested"].includes(word));
  return new Set(words).size > 1;
}

function cell(claim, i, device) {
  const word = verdict(claim, i, device);
  if (drifted(claim, i, device)) return `<td class="${word} drift" aria-label="${t(word)}, ${t("drifted", t(eraOf(claim, i).expect))}">${MARKS[word]}!</td>`;
  return `<td class="${word}" aria-label="${t(word)}">${MARKS[word]}</td>`;
}

function matrixRow(place, columns, device) {
  const claim = D.claims[place], query = get("q");
  return `<tr${claim.parent ? ' class="child"' : ""}><th scope="row">${claimLink(claim.id)}<span class="w">${told(claim, query)}</span></th>${columns.map((i) => cell(claim, i, device)).join("")}</tr>`;
}

const folded = () => new Set(get("fold").split(",").filter(Boolean));

// A screenful of rows is painted first; all of them, which take a second, come right after.
const SCREENFUL = 30;
let begun = false;

VIEWS.matrix = () => {
  const device = get("device"), columns = get("controls") ? range(D.subjects.length) : MAIN;
  const rows = matrixRows(columns, device), closed = folded();
  const busy = !begun && rows.length > SCREENFUL, painted = new Set(busy ? rows.slice(0, SCREENFUL) : rows);
  const heads = columns.map((i) => `<th scope="col"><a href="index.html#release=${D.subjects[i].key}" title="Lightning ${D.subjects[i].lightning}, torch ${D.subjects[i].torch}">${D.subjects[i].line}${D.subjects[i].control ? "<br><small>1.13</small>" : ""}</a></th>`);
  const bodies = D.sections.map((section, place) => {
    const own = rows.filter((row) => D.claims[row].section === place);
    if (!own.length) return "";
    const open = !closed.has(section.name);
    const title = `<tr class="section"><th scope="rowgroup" colspan="${columns.length + 1}"><button type="button" data-fold="${section.name}" aria-expanded="${open}">${escape(sectionTitle(section))} <small>${own.length}</small></button></th></tr>`;
    return `<tbody>${title}${open ? own.filter((row) => painted.has(row)).map((row) => matrixRow(row, columns, device)).join("") : ""}</tbody>`;
  });
  $("count").textContent = t("shown", rows.length, D.claims.length);
  $("legend").innerHTML = Object.keys(MARKS).map(badge).join(" ");
  $("view").innerHTML = rows.length ? `<table class="grid${get("controls") ? " tall" : ""}"><thead><tr><th scope="col">${t("claim")}</th>${heads.join("")}</tr></thead>${bodies.join("")}</table>` : `<p>${t("none")}</p>`;
  $("fold").textContent = t(closed.size ? "unfold-all" : "fold-all");
  $("view").ariaBusy = String(busy);
  begun = true;
  if (busy) requestAnimationFrame(() => setTimeout(VIEWS.matrix));
};

function startMatrix() {
  $("fold").addEventListener("click", () => set({ fold: folded().size ? "" : D.sections.map((section) => section.name).join(",") }));
  $("view").addEventListener("click", (event) => {
    const button = event.target.closest("[data-fold]");
    if (!button) return;
    const closed = folded(), name = button.dataset.fold;
    closed.has(name) ? closed.delete(name) : closed.add(name);
    set({ fold: [...closed].join(",") });
    document.querySelector(`[data-fold="${name}"]`).focus();
  });
}
