import assert from "node:assert/strict";
import { test } from "node:test";
import { clean, colour, initials, refusal, safeUrl, tree } from "../../static/chats/logic/text.js";

test("clean takes out what the server takes out", () => {
  assert.equal(clean("  a\r\nb\rc\td\u0000\u0007\u007f\u0085 "), "a\nb\nc\td");
  assert.equal(clean("lone \ud800 and \udc00 but 😀"), "lone  and  but 😀");
});

test("refusal counts UTF-16 units", () => {
  assert.equal(refusal("😀".repeat(2048)), "");
  assert.match(refusal("😀".repeat(2048) + "a"), /4,097 of 4,096/);
  assert.match(refusal("x".repeat(1e6)), /1,000,000 of 4,096/);
  assert.notEqual(refusal(""), "");
});

test("only http and https become links", () => {
  assert.equal(safeUrl("https://example.org/a"), "https://example.org/a");
  assert.equal(safeUrl("example.org/a"), "https://example.org/a");
  assert.equal(safeUrl("example.org:8080/a"), "https://example.org:8080/a");
  for (const bad of [
    "javascript:alert(1)", " JaVaScRiPt:alert(1)", "java\nscript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd",
    "tg://resolve?domain=x", "https://", "", "blob:https://x/y",
  ]) assert.equal(safeUrl(bad)?.startsWith("javascript") ?? false, false, bad);
  for (const bad of ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "tg://x", ""]) assert.equal(safeUrl(bad), null, bad);
});

/** The tree as text with brackets. */
const shape = (nodes) => nodes.map((n) => (typeof n === "string" ? n : `[${n.kind}:${shape(n.children)}]`)).join("");

test("entities nest", () => {
  assert.equal(
    shape(tree("one two three", [{ kind: "bold", offset: 0, length: 7 }, { kind: "italic", offset: 4, length: 3 }])),
    "[bold:one [italic:two]] three",
  );
});

test("entities that cross, overlap the ends or are nonsense lose nothing of the text", () => {
  const text = "abc 😀 def";
  const cases = [
    [{ kind: "bold", offset: 0, length: 6 }, { kind: "italic", offset: 4, length: 6 }],
    [{ kind: "bold", offset: -5, length: 1e9 }],
    [{ kind: "bold", offset: 3, length: 0 }, { kind: "code", offset: 400, length: 3 }, { kind: "x", offset: NaN, length: 2 }],
    [{ kind: "a", offset: 0, length: 3 }, { kind: "b", offset: 0, length: 3 }, { kind: "c", offset: 0, length: 10 }],
  ];
  const flat = (nodes) => nodes.map((n) => (typeof n === "string" ? n : flat(n.children))).join("");
  for (const entities of cases) assert.equal(flat(tree(text, entities)), text);
});

test("offsets are UTF-16 units", () => {
  assert.equal(shape(tree("😀 bold", [{ kind: "bold", offset: 3, length: 4 }])), "😀 [bold:bold]");
});

test("initials and colours", () => {
  assert.equal(initials("Launch partners"), "LP");
  assert.equal(initials("anna"), "AN");
  assert.equal(initials("مريم الحسن"), "ما");
  assert.equal(initials("  "), "?");
  assert.equal(initials("🦊 fox"), "FO");
  assert.equal(initials("🦊"), "🦊");
  for (const id of [1, -1_000_000_000_005, 0, 7]) assert.ok(colour(id) >= 1 && colour(id) <= 7);
});
