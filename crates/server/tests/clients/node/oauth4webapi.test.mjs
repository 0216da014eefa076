// oauth4webapi: the same author's low-level library, which checks every member of every answer.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as oauth from 'oauth4webapi';

import { audience, issuer, machine } from './server.mjs';

const insecure = { [oauth.allowInsecureRequests]: true };

async function discover(algorithm) {
  const answer = await oauth.discoveryRequest(issuer, { algorithm, ...insecure });
  return oauth.processDiscoveryResponse(issuer, answer);
}

test('oauth4webapi: OpenID discovery and RFC 8414 say the same', async () => {
  assert.deepEqual(await discover('oidc'), await discover('oauth2'));
});

test('oauth4webapi: a token that a program gets passes the check of an API (RFC 9068)', async () => {
  const server = await discover('oidc');
  const client = { client_id: machine.id };
  for (const authentication of [oauth.ClientSecretBasic(machine.secret), oauth.ClientSecretPost(machine.secret)]) {
    const answer = await oauth.clientCredentialsGrantRequest(server, client, authentication, { scope: 'notes:read' }, insecure);
    const tokens = await oauth.processClientCredentialsResponse(server, client, answer);

    const headers = { authorization: `Bearer ${tokens.access_token}` };
    const request = new Request('http://localhost/notes', { headers });
    const claims = await oauth.validateJwtAccessToken(server, request, audience, insecure);
    assert.equal(claims.client_id, machine.id);
    assert.equal(claims.scope, 'notes:read');
    await assert.rejects(oauth.validateJwtAccessToken(server, request, 'another-api', insecure));

    const asked = await oauth.introspectionRequest(server, client, authentication, tokens.access_token, insecure);
    const found = await oauth.processIntrospectionResponse(server, client, asked);
    assert.equal(found.active, true);
  }
});

test('oauth4webapi: a refusal is an error of RFC 6749 section 5.2', async () => {
  const server = await discover('oidc');
  const client = { client_id: machine.id };
  const authentication = oauth.ClientSecretPost(machine.secret);
  const answer = await oauth.clientCredentialsGrantRequest(server, client, authentication, { scope: 'no:such' }, insecure);
  await assert.rejects(oauth.processClientCredentialsResponse(server, client, answer), (refused) => {
    assert.equal(refused.code, oauth.RESPONSE_BODY_ERROR);
    assert.equal(refused.error, 'invalid_scope');
    assert.match(refused.error_description, /scope/);
    return true;
  });
});
