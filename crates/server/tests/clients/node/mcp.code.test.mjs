// The SDK of the Model Context Protocol: an agent finds the server, registers itself, sends a person to sign in, and keeps its tokens.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { auth, discoverAuthorizationServerMetadata } from '@modelcontextprotocol/sdk/client/auth.js';

import { Browser } from './browser.mjs';
import { app, issuer } from './server.mjs';

// What an agent has to bring: where it keeps things, and how it opens a browser. It is known already, or registers itself.
class Agent {
  constructor(known) { this.information = known; }
  redirectUrl = app.callback;
  clientMetadata = {
    client_name: 'An agent', redirect_uris: [app.callback], grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'], token_endpoint_auth_method: 'none', scope: 'openid offline_access',
  };
  kept = undefined;
  clientInformation = () => this.information;
  saveClientInformation = (information) => { this.information = information; };
  state = () => 'of this sign-in';
  tokens = () => this.kept;
  saveTokens = (tokens) => { this.kept = tokens; };
  redirectToAuthorization = (url) => { this.opened = url; };
  saveCodeVerifier = (verifier) => { this.verifier = verifier; };
  codeVerifier = () => this.verifier;
  invalidateCredentials = (scope) => {
    this.kept = undefined;
    if (scope === 'all' || scope === 'client') this.information = undefined;
  };
}

// Where the agent's tools are: the server stands in for it, and says nothing of protected resources (RFC 9728).
const serverUrl = new URL('/mcp', issuer);

test('MCP SDK: an agent finds the metadata', async () => {
  const found = await discoverAuthorizationServerMetadata(issuer);
  assert.equal(found.issuer, issuer.origin);
  assert.ok(found.code_challenge_methods_supported.includes('S256'));
});

// The agent sends a person to sign in, and refreshes by itself.
async function signsIn(agent) {
  assert.equal(await auth(agent, { serverUrl }), 'REDIRECT');
  const back = await new Browser().authorize(agent.opened);
  assert.equal(back.searchParams.get('state'), 'of this sign-in');
  assert.equal(await auth(agent, { serverUrl, authorizationCode: back.searchParams.get('code') }), 'AUTHORIZED');
  const first = agent.kept;
  assert.ok(first.refresh_token);

  assert.equal(await auth(agent, { serverUrl }), 'AUTHORIZED');
  assert.notEqual(agent.kept.refresh_token, first.refresh_token);

  // A refusal: the SDK forgets the tokens and sends the person to sign in again.
  agent.kept = { ...first, refresh_token: 'gp_rt_of_nobody' };
  assert.equal(await auth(agent, { serverUrl }), 'REDIRECT');
}

test('MCP SDK: an agent that is known signs a person in and refreshes by itself', () => signsIn(new Agent({ client_id: app.id })));

test('MCP SDK: an agent registers itself, signs a person in and refreshes by itself', async () => {
  const agent = new Agent();
  await signsIn(agent);
  assert.match(agent.information.client_id, /^client_/);
  assert.equal(agent.information.client_secret, undefined);
  assert.equal(agent.information.scope, 'openid offline_access');

  // A refusal: it was removed here, notices so, and registers again.
  agent.information = { ...agent.information, client_id: 'client_of_nobody' };
  agent.kept = { ...agent.kept, refresh_token: 'gp_rt_of_nobody' };
  assert.equal(await auth(agent, { serverUrl }), 'REDIRECT');
  assert.match(agent.information.client_id, /^client_(?!of_nobody)/);
});

test('MCP SDK: what cannot be registered is refused in words the agent can show', async () => {
  const agent = new Agent();
  agent.clientMetadata = { ...agent.clientMetadata, redirect_uris: ['http://agent.example.com/callback'] };
  await assert.rejects(auth(agent, { serverUrl }), /redirect_uris/);
});
