// oauth4webapi signs a person in, and checks every member of every answer.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as oauth from 'oauth4webapi';

import { Browser } from './browser.mjs';
import { ada, issuer, web } from './server.mjs';

const insecure = { [oauth.allowInsecureRequests]: true };
const client = { client_id: web.id };

test('oauth4webapi: a person signs in, and the ID token, its signature and the userinfo fit one another', async () => {
  const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure));
  const authentication = oauth.ClientSecretBasic(web.secret);
  const verifier = oauth.generateRandomCodeVerifier();
  const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
  const url = new URL(server.authorization_endpoint);
  url.search = new URLSearchParams({
    client_id: web.id, redirect_uri: web.callback, response_type: 'code', scope: 'openid email offline_access', state, nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256', max_age: '3600',
  });

  const back = await new Browser().authorize(url);
  // With `iss` (RFC 9207), which the library insists on, for discovery promises it.
  assert.equal(server.authorization_response_iss_parameter_supported, true);
  const parameters = oauth.validateAuthResponse(server, client, back, state);
  const answer = await oauth.authorizationCodeGrantRequest(
    server, client, authentication, parameters, web.callback, verifier, insecure,
  );
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, answer, {
    expectedNonce: nonce, maxAge: 3600, requireIdToken: true,
  });
  await oauth.validateApplicationLevelSignature(server, answer, insecure);
  const claims = oauth.getValidatedIdTokenClaims(tokens);

  const about = await oauth.userInfoRequest(server, client, tokens.access_token, insecure);
  const person = await oauth.processUserInfoResponse(server, client, claims.sub, about);
  assert.equal(person.email, ada.email);
  assert.equal(person.name, undefined, 'the scope `profile` was not asked for');

  const refreshed = await oauth.refreshTokenGrantRequest(server, client, authentication, tokens.refresh_token, insecure);
  const fresh = await oauth.processRefreshTokenResponse(server, client, refreshed);
  assert.ok(fresh.access_token);
  const again = await oauth.refreshTokenGrantRequest(server, client, authentication, 'gp_rt_of_nobody', insecure);
  await assert.rejects(oauth.processRefreshTokenResponse(server, client, again), { error: 'invalid_grant' });
});
