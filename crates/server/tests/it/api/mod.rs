mod admin_users;
mod login;
mod logout;
mod me;
mod refresh;
mod register;
