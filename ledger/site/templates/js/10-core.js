"use strict";
// The data, the state in the URL's hash, the language, and the verdicts. Later files of this folder are the views.

const D = window.LEDGER;
const PAGE = document.body.dataset.page || "claim";
const ROOT = PAGE === "claim" ? "../" : "";
const LETTERS = { h: "holds", r: "refuted", u: "untested", b: "broken", ".": "unknown" };
const MARKS = { holds: "✓", refuted: "✗", untested: "–", broken: "!", mixed: "±", unknown: "·" };
const DEVICES = ["cpu", "cuda", "sim"];
const named = (keys, row) => Object.fromEntries(row.map((value, i) => [keys[i], value]).filter(([, value]) => value));
D.claims = D.claims.map((row) => {
  const claim = { section: row[D.keys.indexOf("section")], ...named(D.keys, row) };
  for (const key of D.packed) if (claim[key]) claim[key] = D.values[claim[key]];
  claim.eras = claim.eras.map((era, i, all) => ({ ...named(D.era_keys, era), expect: LETTERS[era[0]], lower: i && all[i - 1][1] }));
  return claim;
});
const CLAIMS = new Map(D.claims.map((claim) => [claim.id, claim]));
const CLAIM = CLAIMS.get(document.title);
const VIEWS = {};

const $ = (id) => document.getElementById(id);
const escape = (text) => String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
const range = (n) => Array.from({ length: n }, (_, i) => i);

// State: the hash is a query string. What has no "=" is an anchor of the page, not a state.
let state = new URLSearchParams();
function readState() {
  const text = location.hash.slice(1);
  if (text === "" || text.includes("=")) state = new URLSearchParams(text);
}
const get = (name) => state.get(name) || "";
function set(changes, push = true) {
  for (const [name, value] of Object.entries(changes)) value ? state.set(name, value) : state.delete(name);
  history[push ? "pushState" : "replaceState"](null, "", `#${state}`);
  show();
}

// Language: as the URL says, else as chosen before, else as the browser prefers. Storage may be refused on file://.
function remembered() {
  try { return localStorage.getItem("language"); } catch { return null; }
}
function remember(language) {
  try { localStorage.setItem("language", language); } catch { /* the URL still carries it */ }
}
let language = "en";
const chosenLanguage = () => get("lang") || remembered() || (navigator.language.startsWith("zh") ? "zh" : "en");
const t = (key, ...values) => D.words[language][key].replace(/\{(\d)\}/g, (_, n) => values[n]);
const wording = (claim) => claim[language];

function translate() {
  language = chosenLanguage() === "zh" ? "zh" : "en";
  document.documentElement.lang = language === "zh" ? "zh-Hans" : "en";
  for (const node of document.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t, ...(node.dataset.args || "").split("|"));
  for (const node of document.querySelectorAll("[data-t-label]")) node.setAttribute("aria-label", t(node.dataset.tLabel));
  for (const node of document.querySelectorAll("[data-t-hint]")) node.placeholder = t(node.dataset.tHint);
  const button = $("language");
  button.textContent = t("language");
  button.lang = language === "zh" ? "en" : "zh-Hans";
  const name = CLAIM ? CLAIM.id : t(PAGE);
  document.title = `${name} · ${t("title")}`;
}

// Subjects and verdicts.
const MAIN = range(D.subjects.length).filter((i) => !D.subjects[i].control);
const NEWEST = MAIN[MAIN.length - 1];
function subjectNamed(text, otherwise) {
  const exact = D.subjects.findIndex((subject) => subject.key === text);
  if (exact >= 0) return exact;
  const line = MAIN.filter((i) => D.subjects[i].lightning === text || D.subjects[i].lightning.startsWith(`${text}.`));
  return text && line.length ? line[line.length - 1] : otherwise;
}
const subjectLabel = (i) => D.subjects[i].line + (D.subjects[i].control ? ` (torch ${D.subjects[i].torch})` : "");
const devicesOf = (claim) => DEVICES.filter((device) => claim.verdicts[device]);
const verdictOn = (claim, i, device) => LETTERS[(claim.verdicts[device] || "")[i] || "."];
const eraOf = (claim, i) => claim.eras[claim.judged ? claim.judged[i] : 0];

function verdict(claim, i, device) {
  const found = new Set((device ? [device] : devicesOf(claim)).map((one) => verdictOn(claim, i, one)));
  if (found.has("broken")) return "broken";
  if (found.has("holds") && found.has("refuted")) return "mixed";
  return ["holds", "refuted", "untested"].find((word) => found.has(word)) || "unknown";
}
function drifted(claim, i, device) {
  const word = verdict(claim, i, device);
  return ["holds", "refuted", "mixed"].includes(word) && word !== eraOf(claim, i).expect;
}
// Neighbouring releases of one verdict taken together: [{ verdict, from, to }].
function spans(claim, device) {
  const found = [];
  for (const i of MAIN) {
    const word = verdict(claim, i, device), last = found[found.length - 1];
    if (word === "unknown") continue;
    if (last && last.verdict === word) last.to = D.subjects[i].line;
    else found.push({ verdict: word, from: D.subjects[i].line, to: D.subjects[i].line });
  }
  return found;
}

// Pieces of HTML.
const breakable = (name) => escape(name).replace(/[._(]/g, "<wbr>$&");
const badge = (word) => `<span class="badge ${word}"><span aria-hidden="true">${MARKS[word]}</span> ${t(word)}</span>`;
const claimLink = (id, text) => `<a href="${ROOT}claim/${id}.html">${text || `<code>${breakable(id)}</code>`}</a>`;
const sectionTitle = (section) => (section.part == null ? section[language] : t("part", section.part, section[language]));
function spansText(claim, device) {
  const found = spans(claim, device);
  if (found.length < 2) return "";
  const texts = found.map((s) => `<span class="${s.verdict}">${MARKS[s.verdict]} ${s.from === s.to ? s.from : `${s.from}–${s.to}`} ${t(s.verdict)}</span>`);
  return `<span class="spans">${texts.join(" ")}</span>`;
}
function byDevice(claim, i) {
  const words = new Map();
  for (const device of devicesOf(claim)) {
    const word = verdictOn(claim, i, device);
    words.set(word, [...(words.get(word) || []), device]);
  }
  return [...words].map(([word, devices]) => t("on", t(word), devices.join(", "))).join(" · ");
}
function machine(i, devices, claim) {
  const { absent, elsewhere = {} } = D.subjects[i];
  const missing = devices.filter((one) => absent[one]).map((one) => t("absent", one, escape(absent[one])));
  const measured = (one) => elsewhere[one] && !(claim && verdict(claim, i, one) === "untested");
  const others = devices.filter(measured).map((one) => t("elsewhere", one, elsewhere[one].torch, elsewhere[one].python));
  return [...missing, ...others].map((text) => `<p><small>${text}</small></p>`).join("");
}
const driftNote = (claim, i, device) => (drifted(claim, i, device) ? ` <strong class="drift">! ${t("drifted", t(eraOf(claim, i).expect))}</strong>` : "");
function instead(claim, i) {
  const id = eraOf(claim, i).correction;
  return id && CLAIMS.has(id) ? `<p class="instead"><b>${t("instead")}</b>: ${told(CLAIMS.get(id))} ${claimLink(id)}</p>` : "";
}
