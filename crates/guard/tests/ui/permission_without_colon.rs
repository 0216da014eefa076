gatepost_guard::permission!(pub WriteNotes = "notes.write");
gatepost_guard::permission!(pub NoResource = "shop::refund");
gatepost_guard::role!(pub Nobody = "");

fn main() {}
