//! What may be typed for a queue's file, and where it is then.

use crate::support::cli::User;
use crate::support::env::picture;

fn user_with_a_photo() -> User {
    let user = User::new();
    std::fs::create_dir(user.home().join("photos")).unwrap();
    std::fs::write(user.home().join("photos/1.jpg"), picture("x")).unwrap();
    user
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_is_where_it_was_meant_to_be() {
    for (typed, there) in [
        ("sqlite:~/q.db", "q.db"),
        ("sqlite:~/a/b/q.db", "a/b/q.db"),
        ("sqlite:q.db", "q.db"),
        ("sqlite:./~/q.db", "~/q.db"),
        ("sqlite:a%20b.db", "a%20b.db"),
        ("sqlite:a b.db", "a b.db"),
    ] {
        let user = user_with_a_photo();
        let populate = ["populate", "--from", "photos", "--queue", typed];
        user.run(populate).await.expect_success();
        assert!(user.home().join(there).is_file(), "{typed}");
        let odd = typed != "sqlite:./~/q.db" && user.home().join("~").exists();
        assert!(!odd, "{typed} made a folder of that name");
        let status = user.run(["status", "--json", "--queue", typed]).await;
        let status = status.expect_success().json();
        assert_eq!(status["waiting"], 1, "{typed}");
        // What it says is what can be typed again.
        let again = [
            "status",
            "--json",
            "--queue",
            status["queue"].as_str().unwrap(),
        ];
        assert_eq!(user.run(again).await.expect_success().json(), status);
    }
    let user = user_with_a_photo();
    let typed = format!("sqlite://{}/q.db", user.home().display());
    let populate = ["populate", "--from", "photos", "--queue", &typed];
    user.run(populate).await.expect_success();
    assert!(user.home().join("q.db").is_file(), "{typed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_be_no_file_is_refused_with_what_to_type() {
    let user = user_with_a_photo();
    for (typed, says) in [
        ("sqlite://rel.db", "write sqlite:rel.db"),
        ("sqlite://a/rel.db", "write sqlite:a/rel.db"),
        ("sqlite://~/rel.db", "write sqlite:~/rel.db"),
        ("sqlite:", "the path of a file must follow"),
        ("sqlite://", "the path of a file must follow"),
        ("sqlite:~", "folder"),
        ("sqlite:~nobody/q.db", "sqlite:./~nobody/q.db"),
        ("sqlite:photos", "folder"),
        ("sqlite:new/", "folder"),
        ("sqlite:.", "folder"),
        ("sqlite::memory:", "lost"),
        ("sqs:photos", "sqs://NAME"),
        ("photos.db", "sqlite:PATH"),
    ] {
        for command in [
            &["populate", "--from", "photos"][..],
            &["populate", "--from", "photos", "-n"],
            &["status"],
            &["failed", "list"],
        ] {
            let output = user.run([command, &["--queue", typed]].concat()).await;
            let stderr = output.expect_code(2).stderr;
            assert_eq!(stderr.lines().count(), 1, "{typed}: {stderr}");
            assert!(stderr.contains(says), "{typed}: {stderr}");
        }
    }
    let entries = std::fs::read_dir(user.home()).unwrap();
    let names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["photos"], "nothing was made");
}
