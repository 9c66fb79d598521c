// Which claims have the words of a query, best first. Works the same for both languages.

const STOP = new Set("a an and are be did do does for how i in is it its me my now of on or still that the there this to use used was what when where which with".split(" "));
const HAYSTACKS = D.claims.map((claim) => ({
  segments: claim.id.toLowerCase().split(/[.-]/),
  id: claim.id.toLowerCase(),
  text: [claim.id, claim.en, claim.zh, ...(claim.hooks || [])].join("\n").toLowerCase(),
}));

function wordsOf(query) {
  const all = query.toLowerCase().split(/[\s,;?!"，。？！、：；]+/).map((word) => word.replace(/\(\)$|\.$/g, "")).filter(Boolean);
  const telling = all.filter((word) => !STOP.has(word));
  return telling.length ? telling : all;
}

function score(place, words) {
  const { segments, id, text } = HAYSTACKS[place];
  let matched = 0, points = 0;
  for (const word of words) {
    if (!text.includes(word)) continue;
    matched += 1;
    points += segments.includes(word) ? 4 + 8 / segments.length : id.includes(word) ? 3 : 1;
  }
  return { matched, points: points - (D.claims[place].parent ? 0.5 : 0) };
}

// { places, matched, asked }: those claims that have the most of the words.
function find(query) {
  const words = wordsOf(query);
  const scored = range(D.claims.length).map((place) => ({ place, ...score(place, words) }));
  const matched = Math.max(...scored.map((one) => one.matched));
  const best = matched ? scored.filter((one) => one.matched === matched) : [];
  best.sort((a, b) => b.points - a.points || a.place - b.place);
  return { places: best.map((one) => one.place), matched, asked: words.length };
}

function marked(text, query) {
  const words = query ? wordsOf(query).map((word) => escape(word).replace(/[.*+?^${}()|[\]\\]/g, "\\$&")) : [];
  return words.length ? escape(text).replace(new RegExp(words.join("|"), "gi"), "<mark>$&</mark>") : escape(text);
}
