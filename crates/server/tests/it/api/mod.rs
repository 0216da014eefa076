mod admin_audit;
mod admin_users;
mod api_keys;
mod login;
mod logout;
mod me;
mod refresh;
mod register;
