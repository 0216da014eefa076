// openid-client and oauth4webapi register a client, and sign a person in as it.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as oauth from 'oauth4webapi';
import * as client from 'openid-client';

import { Browser } from './browser.mjs';
import { issuer, web } from './server.mjs';

const insecure = { execute: [client.allowInsecureRequests] };
const metadata = {
  client_name: 'Reading list',
  redirect_uris: [web.callback],
  grant_types: ['authorization_code', 'refresh_token'],
  scope: 'openid email offline_access',
};

test('openid-client: a client registers itself, signs a person in and refreshes', async () => {
  const config = await client.dynamicClientRegistration(issuer, metadata, undefined, insecure);
  const registered = config.clientMetadata();
  assert.match(registered.client_id, /^client_/);
  assert.equal(registered.client_secret_expires_at, 0);

  const checks = {
    pkceCodeVerifier: client.randomPKCECodeVerifier(), expectedState: client.randomState(), expectedNonce: client.randomNonce(),
  };
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: web.callback, scope: metadata.scope, prompt: 'consent', state: checks.expectedState, nonce: checks.expectedNonce,
    code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier), code_challenge_method: 'S256',
  });
  const back = await new Browser().authorize(url);
  const tokens = await client.authorizationCodeGrant(config, back, { ...checks, idTokenExpected: true });
  assert.equal(tokens.claims().aud, registered.client_id);
  const fresh = await client.refreshTokenGrant(config, tokens.refresh_token);
  assert.ok(fresh.access_token);
});

test('openid-client: a registration that is refused says what is wrong', async () => {
  const wrong = { ...metadata, redirect_uris: ['https://app.example.com/#callback'] };
  await assert.rejects(client.dynamicClientRegistration(issuer, wrong, undefined, insecure), (error) => {
    assert.equal(error.error ?? error.cause?.error, 'invalid_redirect_uri');
    return true;
  });
});

test('oauth4webapi: a registration is answered as RFC 7591 has it', async () => {
  const options = { [oauth.allowInsecureRequests]: true };
  const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, options));
  const register = async (body) => oauth.processDynamicClientRegistrationResponse(
    await oauth.dynamicClientRegistrationRequest(server, body, options),
  );
  const registered = await register({ ...metadata, token_endpoint_auth_method: 'client_secret_post' });
  assert.equal(registered.token_endpoint_auth_method, 'client_secret_post');
  await assert.rejects(register({ ...metadata, grant_types: ['password'] }), { error: 'invalid_client_metadata' });
});
