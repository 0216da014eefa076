// @auth/core, which Auth.js and NextAuth are made of, with its provider for any OpenID server.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Auth } from '@auth/core';

import { Browser } from './browser.mjs';
import { ada, issuer, web } from './server.mjs';

const base = 'http://localhost:8000/auth';

// The application, as one browser sees it: its cookies are not the server's.
function application(authorization = {}) {
  const cookies = new Map();
  const config = {
    basePath: '/auth',
    secret: 'of the application, to seal its cookies with',
    trustHost: true,
    logger: { error() {}, warn() {}, debug() {} },
    providers: [{
      id: 'gatepost', name: 'Gatepost', type: 'oidc', issuer: issuer.origin, clientId: web.id, clientSecret: web.secret,
      checks: ['pkce', 'state', 'nonce'],
      authorization: { params: authorization },
    }],
  };
  return async (path, form) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const init = form ? { method: 'POST', body: new URLSearchParams(form) } : {};
    const answer = await Auth(new Request(new URL(path, `${base}/`), { ...init, headers: { cookie } }), config);
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (value) cookies.set(name, value);
      else cookies.delete(name);
    }
    return answer;
  };
}

test('@auth/core: a person signs in to an application, and the application knows her', async () => {
  const ask = application();
  const { csrfToken } = await (await ask('csrf')).json();
  const sent = await ask('signin/gatepost', { csrfToken, callbackUrl: 'http://localhost:8000/notes' });
  const browser = new Browser();
  const back = await browser.authorize(sent.headers.get('location'));
  assert.equal(back.pathname, '/auth/callback/gatepost');

  const done = await ask(back.href);
  assert.equal(done.headers.get('location'), 'http://localhost:8000/notes');
  const { user } = await (await ask('session')).json();
  assert.equal(user.email, ada.email);
  assert.equal(user.name, ada.name);
});

test('@auth/core: a person who says no comes back as a refusal and not as a user', async () => {
  const ask = application({ prompt: 'consent' });
  const { csrfToken } = await (await ask('csrf')).json();
  const sent = await ask('signin/gatepost', { csrfToken });
  const browser = new Browser();
  const page = await browser.signIn(sent.headers.get('location'));
  const back = await browser.press(page, 'consent-deny');
  assert.equal(back.url.searchParams.get('error'), 'access_denied');

  const refused = await ask(back.url.href);
  assert.match(refused.headers.get('location'), /error=/);
  assert.equal(await (await ask('session')).json(), null);
});
