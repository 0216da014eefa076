// The client of Better Auth, as applications have it, with its plugins for what is served.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { apiKeyClient } from '@better-auth/api-key/client';
import { passkeyClient } from '@better-auth/passkey/client';
import { createAuthClient } from 'better-auth/client';
import { adminClient, jwtClient, organizationClient, twoFactorClient, usernameClient } from 'better-auth/client/plugins';
import * as jose from 'jose';

import { divided, gatepost, page, password, root, totp } from './better-auth.mjs';
import { Authenticator } from './passkey.mjs';

let server;

before(async () => {
  server = await gatepost(divided);
});

after(() => server.stop());

// In a browser cookies are kept and the origin is sent; Node's fetch does neither.
function application(baseURL = server.url) {
  const cookies = new Map();
  const answered = {};
  const customFetchImpl = async (url, init) => {
    const headers = new Headers(init?.headers);
    headers.set('origin', page);
    if (cookies.size) headers.set('cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '));
    const answer = await fetch(url, { ...init, headers });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (/max-age=0/i.test(line)) cookies.delete(name);
      else cookies.set(name, value);
    }
    answered.headers = answer.headers;
    return answer;
  };
  const plugins = [
    jwtClient(), organizationClient({ teams: { enabled: true } }), twoFactorClient(), usernameClient(), adminClient(), passkeyClient(), apiKeyClient(),
  ];
  return { auth: createAuthClient({ baseURL, plugins, fetchOptions: { customFetchImpl } }), answered };
}

const data = ({ data, error }) => {
  assert.equal(error, null, JSON.stringify(error));
  return data;
};

test('better-auth: somebody signs up, is known, and leaves', async () => {
  const { auth, answered } = application();
  const made = data(await auth.signUp.email({ name: 'Ada', email: 'ada@example.com', password, username: 'ada' }));
  assert.equal(made.user.email, 'ada@example.com');
  const { session, user } = data(await auth.getSession());
  assert.ok(session.expiresAt instanceof Date && user.createdAt instanceof Date, 'the client revives moments');
  assert.equal(user.username, 'ada');
  const bearer = answered.headers.get('set-auth-jwt');
  assert.ok(bearer);

  const { token } = data(await auth.token());
  const keys = jose.createRemoteJWKSet(new URL(`${server.url}/api/auth/jwks`));
  for (const one of [token, bearer]) {
    const { payload } = await jose.jwtVerify(one, keys, { issuer: server.url, audience: server.url, algorithms: ['EdDSA'] });
    assert.equal(payload.sub, user.id);
  }

  data(await auth.updateUser({ name: 'Ada Lovelace' }));
  assert.equal(data(await auth.getSession()).user.name, 'Ada Lovelace');
  assert.deepEqual(data(await auth.signOut()), { success: true });
  assert.equal(data(await auth.getSession()), null);

  const refused = await auth.signIn.email({ email: 'ada@example.com', password: 'wrong' });
  assert.equal(refused.error.code, 'INVALID_EMAIL_OR_PASSWORD');
  assert.equal(refused.error.status, 401);
  data(await auth.signIn.username({ username: 'ada', password }));
  assert.equal(data(await auth.getSession()).user.email, 'ada@example.com');
});

test('better-auth: sessions are listed and ended, and a password is changed', async () => {
  const [here, there] = [application().auth, application().auth];
  data(await here.signUp.email({ name: 'Bea', email: 'bea@example.com', password }));
  data(await there.signIn.email({ email: 'bea@example.com', password }));
  const sessions = data(await here.listSessions());
  assert.equal(sessions.length, 2);
  const own = data(await here.getSession()).session.id;
  data(await here.revokeSession({ token: sessions.find((session) => session.id !== own).token }));
  assert.equal(data(await there.getSession()), null);
  data(await there.signIn.email({ email: 'bea@example.com', password }));
  data(await here.revokeOtherSessions());
  assert.equal(data(await there.getSession()), null);
  const changed = data(await here.changePassword({ currentPassword: password, newPassword: 'another engine weaves', revokeOtherSessions: true }));
  assert.ok(changed.token);
  assert.equal(data(await here.getSession()).user.email, 'bea@example.com');
  assert.equal(data(await here.listAccounts())[0].providerId, 'credential');
  data(await here.revokeSessions());
  assert.equal(data(await here.getSession()), null);
});

test('better-auth: an account with a second factor', async () => {
  const { auth } = application();
  data(await auth.signUp.email({ name: 'Cleo', email: 'cleo@example.com', password }));
  const email = 'cleo@example.com';
  const { secret, codes } = await server.enable({ get: async () => ({ json: data(await auth.getSession()) }) });
  assert.equal(data(await auth.getSession()).user.twoFactorEnabled, true);
  await auth.signOut();
  const half = data(await auth.signIn.email({ email, password }));
  assert.deepEqual([half.twoFactorRedirect, half.twoFactorMethods], [true, ['totp']]);
  assert.equal(data(await auth.getSession()), null);
  assert.equal((await auth.twoFactor.verifyTotp({ code: '000000' })).error.code, 'INVALID_CODE');
  assert.equal(data(await auth.twoFactor.verifyTotp({ code: totp(secret) })).user.email, email);
  await auth.signOut();
  data(await auth.signIn.email({ email, password }));
  assert.equal(data(await auth.twoFactor.verifyBackupCode({ code: codes[0] })).user.email, email);
});

test('better-auth: a realm behind a prefix, by its whole path', async () => {
  const { auth } = application(`${server.url}/r/default/api/auth`);
  data(await auth.signUp.email({ name: 'Dora', email: 'dora@example.com', password }));
  assert.equal(data(await auth.getSession()).user.email, 'dora@example.com');
});

test('better-auth: an organization and who belongs to it', async () => {
  const [owner, member] = [application().auth, application().auth];
  for (const [auth, name] of [[owner, 'emil'], [member, 'frida']]) {
    data(await auth.signUp.email({ name, email: `${name}@example.com`, password }));
    server.verify(`${name}@example.com`);
  }
  assert.deepEqual(data(await owner.organization.checkSlug({ slug: 'acme' })), { status: true });
  const acme = data(await owner.organization.create({ name: 'Acme', slug: 'acme' }));
  assert.ok(acme.createdAt instanceof Date);
  assert.equal(data(await owner.getSession()).session.activeOrganizationId, acme.id);
  assert.equal(data(await owner.organization.list())[0].id, acme.id);
  const invited = data(await owner.organization.inviteMember({ email: 'frida@example.com', role: 'member' }));
  assert.equal(invited.status, 'pending');

  const [mine] = data(await member.organization.listUserInvitations());
  assert.equal(data(await member.organization.getInvitation({ query: { id: mine.id } })).inviterEmail, 'emil@example.com');
  assert.equal(data(await member.organization.acceptInvitation({ invitationId: mine.id })).member.role, 'member');
  assert.equal(data(await member.organization.getActiveMember()).user.email, 'frida@example.com');
  assert.equal(data(await member.organization.hasPermission({ permissions: { invitation: ['create'] } })).success, false);
  assert.equal((await member.organization.update({ data: { name: 'Mine' } })).error.code, 'YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_ORGANIZATION');

  const whole = data(await owner.organization.getFullOrganization());
  assert.deepEqual(whole.members.map(({ role }) => role).sort(), ['member', 'owner']);
  const { members, total } = data(await owner.organization.listMembers({ query: { filterField: 'role', filterOperator: 'in', filterValue: ['member', 'admin'], limit: 10 } }));
  assert.equal(total, 1);
  data(await owner.organization.updateMemberRole({ memberId: members[0].id, role: 'admin' }));
  assert.deepEqual(data(await member.organization.getActiveMemberRole()), { role: 'admin' });
  assert.equal(data(await member.organization.hasPermission({ permissions: { invitation: ['create'] } })).success, true);
  assert.equal(owner.organization.checkRolePermission({ role: 'admin', permissions: { member: ['delete'] } }), true);

  const other = data(await member.organization.inviteMember({ email: 'gustav@example.com', role: ['admin'] }));
  assert.equal(data(await owner.organization.listInvitations())[0].id, other.id);
  assert.equal(data(await owner.organization.cancelInvitation({ invitationId: other.id })).status, 'canceled');
  data(await owner.organization.removeMember({ memberIdOrEmail: 'frida@example.com' }));
  assert.equal(data(await member.getSession()).session.activeOrganizationId, undefined);
  assert.equal((await owner.organization.leave({ organizationId: acme.id })).error.code, 'YOU_CANNOT_LEAVE_THE_ORGANIZATION_AS_THE_ONLY_OWNER');
  assert.equal(data(await owner.organization.setActive({ organizationId: null })), null);
  assert.equal(data(await owner.organization.delete({ organizationId: acme.id })).slug, 'acme');
});

test('better-auth: teams of an organization', async () => {
  const [owner, member] = [application().auth, application().auth];
  for (const [auth, name] of [[owner, 'hedy'], [member, 'ida']]) {
    data(await auth.signUp.email({ name, email: `${name}@example.com`, password }));
    server.verify(`${name}@example.com`);
  }
  const looms = data(await owner.organization.create({ name: 'Looms', slug: 'looms' }));
  const [first] = data(await owner.organization.listTeams());
  assert.equal(first.name, 'Looms');
  assert.equal(data(await owner.getSession()).session.activeTeamId, first.id);
  const team = data(await owner.organization.createTeam({ name: 'Engines' }));
  assert.ok(team.createdAt instanceof Date);
  assert.equal(data(await owner.organization.updateTeam({ teamId: team.id, data: { name: 'Cards' } })).name, 'Cards');
  const invited = data(await owner.organization.inviteMember({ email: 'ida@example.com', role: 'member', teamId: team.id }));
  data(await member.organization.acceptInvitation({ invitationId: invited.id }));
  const { session, user } = data(await member.getSession());
  assert.deepEqual([session.activeOrganizationId, session.activeTeamId], [looms.id, team.id]);
  assert.deepEqual(data(await member.organization.listUserTeams()).map(({ name }) => name), ['Cards']);
  assert.deepEqual(data(await member.organization.listTeamMembers()).map(({ userId }) => userId), [user.id]);
  assert.equal((await member.organization.setActiveTeam({ teamId: first.id })).error.code, 'USER_IS_NOT_A_MEMBER_OF_THE_TEAM');
  data(await owner.organization.addTeamMember({ teamId: first.id, userId: user.id }));
  assert.equal(data(await member.organization.setActiveTeam({ teamId: first.id })).id, first.id);
  data(await owner.organization.removeTeamMember({ teamId: first.id, userId: user.id }));
  data(await owner.organization.removeTeam({ teamId: team.id }));
  assert.deepEqual(data(await member.organization.listUserTeams()), []);
  assert.deepEqual(data(await owner.organization.getFullOrganization()).teams.map(({ id }) => id), [first.id]);
});

test('better-auth: a passkey is added, signs in and is removed', async () => {
  const { auth } = application();
  const credentials = new Authenticator().credentials(server.url.replace('127.0.0.1', 'localhost'));
  Object.defineProperty(globalThis, 'navigator', { value: { credentials }, configurable: true });
  globalThis.PublicKeyCredential = class {};
  data(await auth.signUp.email({ name: 'Pat', email: 'pat@example.com', password }));
  const added = data(await auth.passkey.addPasskey({ name: 'Laptop', authenticatorAttachment: 'platform' }));
  assert.deepEqual([added.name, added.deviceType, added.backupCodes.length], ['Laptop', 'singleDevice', 10]);
  await auth.signOut();
  const { session, user } = data(await auth.signIn.passkey());
  assert.deepEqual([user.email, session.userId], ['pat@example.com', user.id]);
  assert.equal(data(await auth.getSession()).user.id, user.id);
  assert.equal(data(await auth.passkey.listUserPasskeys())[0].id, added.id);
  assert.equal(data(await auth.passkey.updatePasskey({ id: added.id, name: 'Old laptop' })).passkey.name, 'Old laptop');
  assert.deepEqual(data(await auth.passkey.deletePasskey({ id: added.id })), { status: true });
  assert.equal((await auth.signIn.passkey()).error.code, 'AUTHENTICATION_FAILED');
});

test('better-auth: API keys', async () => {
  const { auth } = application();
  data(await auth.signIn.email({ email: root, password }));
  const made = data(await auth.apiKey.create({ name: 'ci', expiresIn: 3600, permissions: { notes: ['read'] } }));
  assert.ok(made.key.startsWith(made.start) && made.expiresAt instanceof Date);
  assert.deepEqual(made.permissions, { notes: ['read'] });
  const exchange = (key) => fetch(`${server.url}/oauth/token`, { method: 'POST', body: new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange', subject_token: key,
    subject_token_type: 'urn:gatepost:params:oauth:token-type:api-key',
  }) });
  assert.equal((await (await exchange(made.key)).json()).scope, 'notes:read');
  assert.equal(data(await auth.apiKey.update({ keyId: made.id, name: 'deploy' })).name, 'deploy');
  assert.equal(data(await auth.apiKey.get({ query: { id: made.id } })).name, 'deploy');
  assert.equal((await auth.apiKey.create({ permissions: { users: ['write'] } })).error.code, 'VALIDATION_ERROR');
  assert.deepEqual(data(await auth.apiKey.delete({ keyId: made.id })), { success: true });
  assert.equal((await exchange(made.key)).status, 400);
  assert.equal(data(await auth.apiKey.list()).total, 0);
});

test('better-auth: administration', async () => {
  const { auth } = application();
  data(await auth.signIn.email({ email: root, password }));
  const { user } = data(await auth.admin.createUser({ name: 'Finn', email: 'finn@example.com', password, role: 'user' }));
  const finn = application().auth;
  data(await finn.signIn.email({ email: 'finn@example.com', password }));
  assert.equal((await finn.admin.listUsers({ query: {} })).error.code, 'YOU_ARE_NOT_ALLOWED_TO_LIST_USERS');
  const found = data(await auth.admin.listUsers({ query: { searchValue: 'finn', limit: 10, sortBy: 'createdAt', sortDirection: 'desc' } }));
  assert.deepEqual([found.total, found.users[0].id], [1, user.id]);
  const { sessions } = data(await auth.admin.listUserSessions({ userId: user.id }));
  data(await auth.admin.revokeUserSession({ sessionToken: sessions[0].token }));
  assert.equal(data(await finn.getSession()), null);
  const acted = data(await auth.admin.impersonateUser({ userId: user.id }));
  const seen = data(await auth.getSession());
  assert.deepEqual([acted.user.id, seen.user.id, seen.session.id], [user.id, user.id, acted.session.id]);
  assert.ok(acted.session.impersonatedBy && seen.session.impersonatedBy === acted.session.impersonatedBy);
  assert.deepEqual(jose.decodeJwt(data(await auth.token()).token).act, { sub: acted.session.impersonatedBy });
  assert.equal((await auth.listSessions()).error.code, 'IMPERSONATION_RESTRICTED');
  const back = data(await auth.admin.stopImpersonating());
  assert.deepEqual([back.user.email, data(await auth.getSession()).user.email], [root, root]);
  assert.equal((await auth.admin.stopImpersonating()).error.status, 400);
  assert.equal(data(await auth.admin.setRole({ userId: user.id, role: 'admin' })).user.role, 'admin');
  assert.equal(data(await auth.admin.updateUser({ userId: user.id, data: { name: 'Finn F' } })).name, 'Finn F');
  assert.deepEqual(data(await auth.admin.setUserPassword({ userId: user.id, newPassword: 'another engine weaves' })), { status: true });
  assert.equal(data(await auth.admin.banUser({ userId: user.id, banReason: 'spam' })).user.banned, true);
  assert.equal((await finn.signIn.email({ email: 'finn@example.com', password: 'another engine weaves' })).error.status, 401);
  data(await auth.admin.unbanUser({ userId: user.id }));
  data(await finn.signIn.email({ email: 'finn@example.com', password: 'another engine weaves' }));
  assert.equal(data(await finn.admin.hasPermission({ permissions: { user: ['ban'] } })).success, true);
  data(await auth.admin.revokeUserSessions({ userId: user.id }));
  assert.deepEqual(data(await auth.admin.removeUser({ userId: user.id })), { success: true });
  assert.equal((await auth.admin.getUser({ query: { id: user.id } })).error.code, 'USER_NOT_FOUND');
});
