// The SDK of the Model Context Protocol: an agent finds the server, sends a person to sign in, and keeps its tokens.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { auth, discoverAuthorizationServerMetadata } from '@modelcontextprotocol/sdk/client/auth.js';

import { Browser } from './browser.mjs';
import { app, issuer } from './server.mjs';

// What an agent has to bring: where it keeps things, and how it opens a browser.
class Agent {
  redirectUrl = app.callback;
  clientMetadata = { client_name: 'An agent', redirect_uris: [app.callback], token_endpoint_auth_method: 'none', scope: 'openid offline_access' };
  kept = undefined;
  clientInformation = () => ({ client_id: app.id });
  state = () => 'of this sign-in';
  tokens = () => this.kept;
  saveTokens = (tokens) => { this.kept = tokens; };
  redirectToAuthorization = (url) => { this.opened = url; };
  saveCodeVerifier = (verifier) => { this.verifier = verifier; };
  codeVerifier = () => this.verifier;
  invalidateCredentials = () => { this.kept = undefined; };
}

// Where the agent's tools are: the server stands in for it, and says nothing of protected resources (RFC 9728).
const serverUrl = new URL('/mcp', issuer);

test('MCP SDK: an agent finds the metadata', async () => {
  const found = await discoverAuthorizationServerMetadata(issuer);
  assert.equal(found.issuer, issuer.origin);
  assert.ok(found.code_challenge_methods_supported.includes('S256'));
});

test('MCP SDK: a person signs in for an agent, which then refreshes by itself', async () => {
  const agent = new Agent();
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
});
