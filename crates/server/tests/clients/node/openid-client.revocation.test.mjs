// openid-client gives back what it no longer needs (RFC 7009).
import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as client from 'openid-client';

import { Browser } from './browser.mjs';
import { issuer, web } from './server.mjs';

test('openid-client: a refresh token that is revoked is over, and its access token with it', async () => {
  const insecure = { execute: [client.allowInsecureRequests] };
  const config = await client.discovery(issuer, web.id, web.secret, undefined, insecure);
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const expectedState = client.randomState();
  const back = await new Browser().authorize(client.buildAuthorizationUrl(config, {
    redirect_uri: web.callback,
    scope: 'openid offline_access',
    state: expectedState,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
  }));
  const tokens = await client.authorizationCodeGrant(config, back, { pkceCodeVerifier, expectedState });
  await client.tokenRevocation(config, tokens.refresh_token);
  await assert.rejects(client.refreshTokenGrant(config, tokens.refresh_token), { error: 'invalid_grant' });
  await assert.rejects(client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub));
  // What is not known is no error (RFC 7009 section 2.2).
  await client.tokenRevocation(config, 'no such token');
});
