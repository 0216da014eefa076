// openid-client: the library most Node.js applications sign people in with.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as client from 'openid-client';

import { audience, issuer, machine } from './server.mjs';

// Its own word for "http on loopback is meant".
const insecure = { execute: [client.allowInsecureRequests] };

test('openid-client: a program gets a token of its own and asks whether it is good', async () => {
  const config = await client.discovery(issuer, machine.id, machine.secret, undefined, insecure);
  assert.equal(config.serverMetadata().issuer, issuer.origin);

  const tokens = await client.clientCredentialsGrant(config, { scope: 'notes:read' });
  assert.equal(tokens.token_type, 'bearer');
  assert.equal(tokens.scope, 'notes:read');
  assert.ok(tokens.expires_in > 0);

  const found = await client.tokenIntrospection(config, tokens.access_token);
  assert.equal(found.active, true);
  assert.equal(found.client_id, machine.id);
  assert.equal(found.aud, audience);
  assert.deepEqual(await client.tokenIntrospection(config, 'no such token'), { active: false });
});

test('openid-client: whoever knows the wrong secret hears invalid_client', async () => {
  const wrong = client.ClientSecretBasic('the wrong one, but long enough to be one');
  const config = await client.discovery(issuer, machine.id, undefined, wrong, insecure);
  await assert.rejects(client.clientCredentialsGrant(config), (refused) => {
    // 401 with a challenge: the library reads the challenge first (RFC 6749 section 5.2).
    assert.equal(refused.status, 401);
    assert.equal(refused.name, 'WWWAuthenticateChallengeError');
    assert.equal(refused.cause[0].scheme, 'basic');
    return true;
  });
});

test('openid-client: a scope the client does not have is refused by name', async () => {
  const config = await client.discovery(issuer, machine.id, machine.secret, undefined, insecure);
  await assert.rejects(client.clientCredentialsGrant(config, { scope: 'users:delete' }), (refused) => {
    assert.equal(refused.name, 'ResponseBodyError');
    assert.equal(refused.error, 'invalid_scope');
    assert.equal(refused.status, 400);
    return true;
  });
});
