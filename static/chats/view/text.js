// A message's text with its entities, made of nodes only: nothing in it ever becomes markup.

import { html } from "../../vendor/lit-html/lit-html.js";
import { mailUrl, phoneUrl, safeUrl, tree } from "../logic/text.js";

/** @param {string} text @param {import("../logic/text.js").Entity[]} entities */
export function formatted(text, entities) {
  return tree(text, entities ?? []).map(draw);
}

/** @param {import("../logic/text.js").Node} node @returns {unknown} */
function draw(node) {
  if (typeof node === "string") return node;
  const inner = node.children.map(draw);
  switch (node.kind) {
    case "bold":
      return html`<strong>${inner}</strong>`;
    case "italic":
      return html`<em>${inner}</em>`;
    case "underline":
      return html`<u>${inner}</u>`;
    case "strike":
      return html`<s>${inner}</s>`;
    case "code":
      return html`<code>${inner}</code>`;
    case "pre":
      return html`<pre dir="ltr"><code>${inner}</code></pre>`;
    case "blockquote":
      return html`<blockquote>${inner}</blockquote>`;
    case "spoiler":
      return html`<span class="spoiler" tabindex="0">${inner}</span>`;
    case "url":
      return link(node.text, inner);
    case "text_url":
      return link(node.extra, inner);
    case "email":
      return elsewhere(mailUrl(node.text), inner);
    case "phone":
      return elsewhere(phoneUrl(node.text), inner);
    case "mention":
    case "mention_name":
    case "hashtag":
    case "cashtag":
    case "bot_command":
      return html`<span class="ref">${inner}</span>`;
    default:
      return inner;
  }
}

/** Something that another program opens. @param {string | null} href @param {unknown} inner */
function elsewhere(href, inner) {
  return href === null ? inner : html`<a href=${href} title=${href}>${inner}</a>`;
}

/** A link shows where it leads on hover; an address that is not http(s) stays text. @param {string} address @param {unknown} inner */
function link(address, inner) {
  const href = safeUrl(address);
  if (href === null) return inner;
  return html`<a href=${href} title=${href} target="_blank" rel="noopener noreferrer nofollow">${inner}</a>`;
}
