// The Node package of Scalekit, as it is: signing in, tokens, signing out.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Scalekit } from '@scalekit-sdk/node';

import { Browser } from './browser.mjs';
import { ada, brought, issuer } from './server.mjs';

const home = 'http://localhost:8000';
const scalekit = () => new Scalekit(issuer.origin, brought.id, brought.secret);

async function signIn(client, browser, options) {
  const back = await browser.authorize(client.getAuthorizationUrl(brought.callback, options));
  assert.equal(back.searchParams.get('state'), options?.state ?? null);
  return client.authenticateWithCode(back.searchParams.get('code'), brought.callback);
}

test('Scalekit: a person signs in, is known, stays, and leaves', async () => {
  const [client, browser] = [scalekit(), new Browser()];
  const scopes = ['openid', 'profile', 'email', 'offline_access'];
  const result = await signIn(client, browser, { scopes, state: 'x&y', loginHint: ada.email });
  assert.equal(result.user.email, ada.email);
  assert.equal(result.user.emailVerified, true);
  assert.equal(result.user.name, ada.name);
  assert.equal(result.expiresIn, 900);

  assert.equal(await client.validateAccessToken(result.accessToken), true);
  const strict = { issuer: issuer.origin, audience: [brought.id], requiredScopes: ['email'] };
  const claims = await client.validateToken(result.accessToken, strict);
  assert.equal(claims.sub, result.user.id);
  assert.equal(await client.validateAccessToken(result.accessToken, { ...strict, requiredScopes: ['admin'] }), false);
  assert.equal(await client.validateAccessToken('garbage'), false);

  const fresh = await client.refreshAccessToken(result.refreshToken);
  assert.notEqual(fresh.refreshToken, result.refreshToken);
  assert.equal(await client.validateAccessToken(fresh.accessToken), true);

  const left = await browser.go(client.getLogoutUrl({ idTokenHint: result.idToken, postLogoutRedirectUri: home, state: 's' }));
  assert.equal(left.url.href, `${home}/?state=s`);
  await assert.rejects(client.refreshAccessToken(fresh.refreshToken));
});

test('Scalekit: signing out without a hint asks the person', async () => {
  const [client, browser] = [scalekit(), new Browser()];
  await signIn(client, browser);
  const left = await browser.leave(client.getLogoutUrl({ postLogoutRedirectUri: home }));
  assert.equal(left.url.href, `${home}/`);
});

test('Scalekit: what is not good is refused', async () => {
  const client = scalekit();
  await assert.rejects(client.authenticateWithCode('garbage', brought.callback));
  await assert.rejects(client.refreshAccessToken('garbage'));
});
