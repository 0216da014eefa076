// What the Node package of Scalekit administers by gRPC, as it is: HTTP/2 in clear text, on the port of everything else.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Scalekit } from '@scalekit-sdk/node';

import { gatepost } from './better-auth.mjs';

const secret = 'the client that administers keeps this to itself';
const realm = `
[[realm]]
name = "default"
rate_limits = "off"
organization_roles = ["editor"]
[[realm.role]]
name = "editor"
permissions = ["notes:write"]
[[realm.client]]
id = "administering"
secret = "${secret}"
grants = ["client_credentials"]
token_format = "scalekit"
administers = ["users:*", "memberships:*", "organizations:*", "roles:*", "sessions:*", "clients:*"]
[[realm.client]]
id = "reading"
secret = "${secret}"
grants = ["client_credentials"]
token_format = "scalekit"
administers = ["users:read"]
`;

let server;
before(async () => { server = await gatepost(realm); });
after(() => server.stop());

const scalekit = (id = 'administering') => new Scalekit(server.url, id, secret);
const named = (all) => all.map((one) => one.name);

test('Scalekit by gRPC: organizations, users and what they are', async () => {
  // It has no token yet: it is told so at its first call, fetches one, and calls again.
  const client = scalekit();
  const { organization } = await client.organization.createOrganization('Acme', { slug: 'acme' });
  assert.equal((await client.organization.getOrganization(organization.id)).organization.displayName, 'Acme');
  const found = await client.organization.searchOrganization('acm');
  assert.equal(found.organizations[0].id, organization.id);

  const wanted = { email: 'grace@example.com', userProfile: { firstName: 'Grace', lastName: 'Hopper' } };
  const { user } = await client.user.createUserAndMembership(organization.id, wanted);
  assert.equal(user.userProfile.name, 'Grace Hopper');
  assert.deepEqual(named((await client.user.assignUserRoles(organization.id, user.id, ['editor'])).roles), ['editor']);
  assert.deepEqual(named((await client.user.listUserPermissions(organization.id, user.id)).permissions), ['notes:write']);
  await client.user.removeUserRole(organization.id, user.id, 'editor');
  assert.deepEqual((await client.user.listUserRoles(organization.id, user.id)).roles, []);
  assert.equal((await client.user.searchUsers('grace')).users[0].id, user.id);
  await client.user.deleteUser(user.id);
  await assert.rejects(client.user.getUser(user.id), { name: 'ScalekitNotFoundException' });
  await client.organization.deleteOrganization(organization.id);
});

test('Scalekit by gRPC: roles and permissions', async () => {
  const client = scalekit();
  const made = await client.role.createRole({ name: 'writer', displayName: 'Writer', extends: 'editor', permissions: ['books:write'] });
  assert.deepEqual([made.role.displayName, made.role.extends], ['Writer', 'editor']);
  const every = await client.permission.listEffectiveRolePermissions('writer');
  assert.deepEqual(named(every.permissions), ['books:write', 'notes:write']);
  await client.role.deleteRole('writer');
  await assert.rejects(client.role.getRole('writer'), { name: 'ScalekitNotFoundException' });
});

test('Scalekit by gRPC: a client does what it was given', async () => {
  const client = scalekit('reading');
  assert.deepEqual((await client.user.listUsers()).users, []);
  await assert.rejects(client.organization.createOrganization('Acme'), { name: 'ScalekitForbiddenException' });
  await assert.rejects(client.directory.listDirectories('org_x'), { name: 'ScalekitNotImplementedException' });
});
