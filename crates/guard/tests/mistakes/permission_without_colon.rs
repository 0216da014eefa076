//= error[E0080]: evaluation panicked: a permission is written `resource:action`
//= error[E0080]: evaluation panicked: a permission is written `resource:action`
//= error[E0080]: evaluation panicked: an empty name would refuse everybody: write the name of a role or realm

gatepost_guard::permission!(pub WriteNotes = "notes.write");
gatepost_guard::permission!(pub NoResource = "shop::refund");
gatepost_guard::role!(pub Nobody = "");

fn main() {}
