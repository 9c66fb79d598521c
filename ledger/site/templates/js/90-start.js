// The controls, the links, and the first view.

const OPTIONS = {
  subjects: () => [...range(D.subjects.length)].reverse().map((i) => [D.subjects[i].key, subjectLabel(i)]),
  "any-subject": () => [["", t("any-release")], ...OPTIONS.subjects()],
  devices: () => [["", t("every-device")], ...DEVICES.map((device) => [device, device === "sim" ? t("sim") : device])],
  verdicts: () => [["", t("every-verdict")], ...Object.keys(MARKS).map((word) => [word, `${MARKS[word]} ${t(word)}`])],
  sections: () => [["", t("every-section")], ...D.sections.map((section) => [section.name, sectionTitle(section)])],
  runs: () => RUNS.map((run) => [run, run]),
};

function fillControls() {
  for (const select of document.querySelectorAll("select[data-options]")) {
    select.innerHTML = OPTIONS[select.dataset.options]().map(([value, label]) => `<option value="${escape(value)}">${escape(label)}</option>`).join("");
  }
  for (const control of document.querySelectorAll("[data-param]")) {
    const value = get(control.dataset.param);
    if (control.type === "checkbox") control.checked = value !== "";
    else if (control.dataset.options === "runs") control.value = RUNS.includes(value) ? value : RUNS[0] || "";
    else if (control !== document.activeElement || control.tagName === "SELECT") control.value = value;
  }
  const search = document.querySelector("#search input");
  if (search !== document.activeElement) search.value = PAGE === "tutorial" ? get("q") : "";
}

// The URL says all that is shown, also what was chosen by default.
function complete() {
  const defaults = {
    tutorial: { release: NEWEST }, claim: { release: NEWEST }, matrix: {}, performance: {}, hooks: { release: NEWEST },
    compare: { old: MAIN[Math.max(0, MAIN.length - 2)], new: NEWEST },
  }[PAGE];
  state.set("lang", language);
  for (const [name, i] of Object.entries(defaults)) state.set(name, D.subjects[subjectNamed(get(name), i)].key);
  if (get("in")) state.set("in", D.subjects[subjectNamed(get("in"), NEWEST)].key);
  const anchor = location.hash.length > 1 && !location.hash.includes("=");
  if (!anchor) history.replaceState(null, "", `#${state}`);
}

function show() {
  translate();
  complete();
  fillControls();
  if (VIEWS[PAGE]) VIEWS[PAGE]();
}

// A link within the site carries language and release along, so that what it opens can be sent on as it is.
function carry(event) {
  const link = event.target.closest && event.target.closest('a[href*=".html"]');
  if (!link) return;
  const [path, hash = ""] = link.getAttribute("href").split("#");
  const target = new URLSearchParams(hash);
  target.set("lang", language);
  if (get("release") && !target.has("release") && !/compare|matrix|performance/.test(path)) target.set("release", get("release"));
  link.setAttribute("href", `${path}#${target}`);
}

function changed(event) {
  const control = event.target.closest("[data-param]");
  if (!control) return;
  const value = control.type === "checkbox" ? (control.checked ? "1" : "") : control.value;
  set({ [control.dataset.param]: value }, control.type !== "search");
}

function follow(event) {
  const link = event.target.closest('a[href^="#"]');
  const target = link && $(link.getAttribute("href").slice(1));
  if (!target) return;
  event.preventDefault();
  target.tabIndex = -1;
  target.focus({ preventScroll: true });
  target.scrollIntoView();
}

function makeHeader() {
  const pages = { index: "tutorial", matrix: "matrix", compare: "compare", hooks: "hooks", ...(D.performance && { performance: "performance" }) };
  const links = Object.entries(pages).map(([file, page]) => `<a href="${ROOT}${file}.html" data-t="${page}"${page === PAGE ? ' aria-current="page"' : ""}></a>`);
  document.body.insertAdjacentHTML("afterbegin", `<header><a class="skip" href="#main" data-t="skip"></a><a class="home" href="${ROOT}index.html" data-t="title"></a>
<nav data-t-label="pages">${links.join("")}</nav>
<form role="search" id="search"><input type="search" name="q" data-t-label="search" data-t-hint="search"><button data-t="find"></button></form>
<button id="language" type="button"></button></header>`);
}

function start() {
  document.head.insertAdjacentHTML("beforeend", '<link rel="icon" href="data:,">');
  makeHeader();
  for (const kind of ["pointerdown", "focusin"]) document.addEventListener(kind, carry, true);
  document.addEventListener("click", follow);
  $("main").addEventListener("input", changed);
  window.addEventListener("popstate", () => { readState(); show(); });
  $("language").addEventListener("click", () => {
    const other = language === "zh" ? "en" : "zh";
    remember(other);
    set({ lang: other }, false);
  });
  $("search").addEventListener("submit", (event) => {
    event.preventDefault();
    const query = event.target.q.value.trim();
    if (PAGE === "tutorial") set({ q: query });
    else location.href = `${ROOT}index.html#${new URLSearchParams({ q: query, lang: language })}`;
  });
  if (PAGE === "claim") startClaim();
  if (PAGE === "matrix") startMatrix();
  if (PAGE === "compare") $("swap").addEventListener("click", () => set({ old: get("new"), new: get("old") }));
  readState();
  show();
}
start();
