// A browser without a screen: keeps cookies, follows redirects, fills in forms. No JavaScript, for the pages need none.
import assert from 'node:assert/strict';

import { ada, issuer } from './server.mjs';

const entities = { amp: '&', lt: '<', gt: '>', quot: '"', '#34': '"', '#39': "'", '#x27': "'", '#38': '&', '#60': '<', '#62': '>' };
const plain = (text) => text.replace(/&([#a-z0-9]+);/g, (whole, name) => entities[name] ?? whole);

function attributes(tag) {
  const found = {};
  for (const [, name, value] of tag.matchAll(/([a-z-]+)(?:="([^"]*)")?/g)) found[name] = plain(value ?? '');
  return found;
}

// The form that an element stands in, with what it would send.
function formAround(html, id) {
  for (const [, head, inside] of html.matchAll(/<form\b([^>]*)>(.*?)<\/form>/gs)) {
    const elements = [...inside.matchAll(/<(?:input|button)\b([^>]*)>/g)].map(([, tag]) => attributes(tag));
    const pressed = elements.find((element) => element.id === id);
    if (!pressed) continue;
    const fields = new URLSearchParams();
    for (const element of elements) {
      const sends = element.type === 'checkbox' ? 'checked' in element : element.type !== 'submit' || element === pressed;
      if (sends && element.name) fields.set(element.name, element.value ?? '');
    }
    return { action: attributes(head).action, fields };
  }
  return assert.fail(`no form with #${id} in the page:\n${html}`);
}

export class Browser {
  #cookies = new Map();

  // Where it ends up: a page of the server, or the first address elsewhere.
  async go(url, init = {}) {
    let next = new URL(url, issuer);
    for (let step = 0; step < 10; step += 1) {
      if (next.origin !== issuer.origin) return { url: next };
      const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const answer = await fetch(next, { ...init, redirect: 'manual', headers: { ...init.headers, cookie } });
      for (const line of answer.headers.getSetCookie()) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
        if (/;\s*max-age=0/i.test(line)) this.#cookies.delete(name);
        else this.#cookies.set(name, value);
      }
      const location = answer.headers.get('location');
      if (!location) return { url: next, status: answer.status, html: await answer.text() };
      assert.ok(init.method !== 'POST' || answer.status === 303, `a form was answered ${answer.status}`);
      next = new URL(location, next);
      init = {};
    }
    return assert.fail(`redirected without end, at last to ${next}`);
  }

  // Fills in the form that an element stands in, and presses that element.
  press(page, id, values = {}) {
    assert.equal(page.status, 200, `${page.url} answered ${page.status}:\n${page.html}`);
    const { action, fields } = formAround(page.html, id);
    for (const [name, value] of Object.entries(values)) fields.set(name, value);
    const headers = { origin: issuer.origin, 'sec-fetch-site': 'same-origin' };
    return this.go(new URL(action || page.url, page.url), { method: 'POST', body: fields, headers });
  }

  // Signs Ada in where she is asked to.
  async signIn(url) {
    const page = await this.go(url);
    if (!page.html?.includes('id="login-submit"')) return page;
    return this.press(page, 'login-submit', { username: ada.username, password: ada.password });
  }

  // Signs Ada in, and consents where she is asked to.
  async authorize(url) {
    let page = await this.signIn(url);
    if (page.html?.includes('id="consent-approve"')) page = await this.press(page, 'consent-approve');
    assert.equal(page.html, undefined, `the sign-in ended at ${page.url}:\n${page.html}`);
    return page.url;
  }
  // Signs out at the address, confirming where that is asked.
  async leave(url) {
    let page = await this.go(url);
    if (page.html?.includes('id="logout-confirm"')) page = await this.press(page, 'logout-confirm');
    return page;
  }
}
