// openid-client signs a person in, keeps her signed in, and signs her out.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as client from 'openid-client';

import { Browser } from './browser.mjs';
import { ada, app, home, issuer, web } from './server.mjs';

const insecure = { execute: [client.allowInsecureRequests] };
const confidential = () => client.discovery(issuer, web.id, web.secret, undefined, insecure);

// Sends the browser to the server, and hands over what the callback needs.
async function begin(config, browser, redirect_uri, more = {}) {
  const checks = {
    pkceCodeVerifier: client.randomPKCECodeVerifier(),
    expectedState: client.randomState(),
    expectedNonce: client.randomNonce(),
  };
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri,
    scope: 'openid profile email',
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: 'S256',
    ...more,
  });
  return { back: await browser.authorize(url), checks };
}

async function signIn(config, browser, redirect_uri, more) {
  const { back, checks } = await begin(config, browser, redirect_uri, more);
  return client.authorizationCodeGrant(config, back, { ...checks, idTokenExpected: true });
}

test('openid-client: a person signs in, is known, stays, and leaves', async () => {
  const config = await confidential();
  const browser = new Browser();
  const tokens = await signIn(config, browser, web.callback);
  const claims = tokens.claims();
  assert.equal(claims.aud, web.id);

  const about = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
  assert.equal(about.email, ada.email);
  assert.equal(about.name, ada.name);

  const fresh = await client.refreshTokenGrant(config, tokens.refresh_token);
  assert.notEqual(fresh.refresh_token, tokens.refresh_token);

  // Without a page, for she is signed in.
  const again = await signIn(config, browser, web.callback, { prompt: 'none' });
  assert.equal(again.claims().sub, claims.sub);

  const leaving = client.buildEndSessionUrl(config, {
    id_token_hint: tokens.id_token,
    post_logout_redirect_uri: home,
    state: 'left',
  });
  const left = await browser.leave(leaving);
  assert.equal(left.url.href, `${home}?state=left`);
  await assert.rejects(client.refreshTokenGrant(config, fresh.refresh_token), { error: 'invalid_grant' });
  await assert.rejects(client.fetchUserInfo(config, fresh.access_token, claims.sub));
  const { back, checks } = await begin(config, browser, web.callback, { prompt: 'none' });
  await assert.rejects(client.authorizationCodeGrant(config, back, checks), {
    name: 'AuthorizationResponseError',
    error: 'login_required',
  });
});

test('openid-client: what is to go on without the person outlives the sign-out', async () => {
  const config = await confidential();
  const browser = new Browser();
  const tokens = await signIn(config, browser, web.callback, { scope: 'openid offline_access' });
  await browser.leave(client.buildEndSessionUrl(config, { id_token_hint: tokens.id_token }));
  const fresh = await client.refreshTokenGrant(config, tokens.refresh_token);
  assert.ok(fresh.access_token);
});

test('openid-client: a public client on a loopback port of its own signs a person in', async () => {
  const config = await client.discovery(issuer, app.id, undefined, client.None(), insecure);
  const tokens = await signIn(config, new Browser(), app.callback);
  assert.equal(tokens.claims().aud, app.id);
});

test('openid-client: a code is good once, and for the verifier it was asked with', async () => {
  const config = await confidential();
  const browser = new Browser();
  const { back, checks } = await begin(config, browser, web.callback);
  const tokens = await client.authorizationCodeGrant(config, back, checks);
  await assert.rejects(client.authorizationCodeGrant(config, back, checks), { error: 'invalid_grant' });
  // Who used it twice may have been a thief either time: what it gave is taken back (RFC 6749 section 4.1.2).
  await assert.rejects(client.refreshTokenGrant(config, tokens.refresh_token), { error: 'invalid_grant' });

  const other = await begin(config, browser, web.callback);
  const wrong = { ...other.checks, pkceCodeVerifier: client.randomPKCECodeVerifier() };
  await assert.rejects(client.authorizationCodeGrant(config, other.back, wrong), { error: 'invalid_grant' });
});

test('openid-client: an address that is not registered gets nothing, and the person is told', async () => {
  const config = await confidential();
  const url = client.buildAuthorizationUrl(config, { redirect_uri: 'http://localhost:8000/elsewhere', scope: 'openid' });
  const page = await new Browser().go(url);
  assert.equal(page.status, 400);
  assert.match(page.html, /id="error-code"/);
});
