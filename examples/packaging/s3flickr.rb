# A template for a Homebrew formula: replace OWNER, the version and the four checksums, which the
# release workflow publishes beside each file, and put it into a tap as Formula/s3flickr.rb.
class S3flickr < Formula
  desc "Copies an entire photo collection from Amazon S3 to Flickr, byte for byte"
  homepage "https://github.com/OWNER/s3flickr"
  version "0.1.0"
  license any_of: ["MIT", "Apache-2.0"]

  base = "https://github.com/OWNER/s3flickr/releases/download/v#{version}/s3flickr"
  on_macos do
    on_arm do
      url "#{base}-aarch64-apple-darwin.tar.gz"
      sha256 "0000000000000000000000000000000000000000000000000000000000000000"
    end
    on_intel do
      url "#{base}-x86_64-apple-darwin.tar.gz"
      sha256 "0000000000000000000000000000000000000000000000000000000000000000"
    end
  end
  on_linux do
    on_arm do
      url "#{base}-aarch64-unknown-linux-musl.tar.gz"
      sha256 "0000000000000000000000000000000000000000000000000000000000000000"
    end
    on_intel do
      url "#{base}-x86_64-unknown-linux-musl.tar.gz"
      sha256 "0000000000000000000000000000000000000000000000000000000000000000"
    end
  end

  def install
    bin.install "s3flickr"
    man1.install Dir["man/*.1"]
    generate_completions_from_executable(bin/"s3flickr", "completions")
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/s3flickr --version")
    system bin/"s3flickr", "completions", "bash"
  end
end
