"""Where the jars of a test broker come from: a cache on this machine, filled from Maven Central.

Never skips: a missing Java or Maven is an error that names the command to install it.
"""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

KAFKA_FILES = Path(__file__).parent / "kafka"
POM = KAFKA_FILES / "pom.xml"
COPY_DEPENDENCIES = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"
OLDEST_JAVA = 17
INSTALL = "apt-get install -y openjdk-17-jre-headless maven"
DOWNLOAD_TIMEOUT = 600


class KafkaUnavailableError(RuntimeError):
    """A broker cannot be had on this machine; the message says what to install."""


def cache_root() -> Path:
    """STREAM_MONITOR_KAFKA_CACHE, or the user's cache directory (XDG)."""
    if own := os.environ.get("STREAM_MONITOR_KAFKA_CACHE"):
        return Path(own)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "stream-monitor" / "kafka"


@cache
def java() -> str:
    """Path of a Java that runs Kafka 4 (17 or newer)."""
    home = os.environ.get("JAVA_HOME")
    path = shutil.which("java", path=f"{home}/bin") if home else shutil.which("java")
    if path is None:
        raise KafkaUnavailableError(f"no java found; install it with: {INSTALL}")
    said = subprocess.run([path, "-version"], capture_output=True, text=True, check=True, timeout=60).stderr
    version = re.search(r'version "(?:1\.)?(\d+)', said)
    if version is None or int(version[1]) < OLDEST_JAVA:
        raise KafkaUnavailableError(
            f"Kafka 4 needs Java {OLDEST_JAVA} or newer, {path} says: {said.strip()}; install: {INSTALL}"
        )
    return path


def kafka_jars() -> Path:
    """Directory with the jars of the version in tests/kafka/pom.xml, downloaded when it is not there yet.

    The name carries a digest of the POM, so that a changed POM never meets old jars. Atomic: the directory
    appears complete (rename) or not at all, also when two test runs download at once.
    """
    pom = POM.read_bytes()
    version = re.search(rb"<kafka\.version>([\d.]+)<", pom)
    if version is None:
        raise KafkaUnavailableError(f"{POM} names no kafka.version")
    target = cache_root() / f"{version[1].decode()}-{hashlib.sha256(pom).hexdigest()[:8]}"
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".download-") as scratch:
        fresh = Path(scratch) / "libs"
        _download(fresh)
        try:
            fresh.rename(target)
        except OSError:
            if not target.is_dir():  # another run was faster: its jars are the same
                raise
    return target


def _download(target: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise KafkaUnavailableError(f"no mvn found to resolve Apache Kafka; install it with: {INSTALL}")
    command = [maven, "-B", "-q", "-f", str(POM), COPY_DEPENDENCIES]
    command += ["-DincludeScope=runtime", f"-DoutputDirectory={target}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=DOWNLOAD_TIMEOUT)
    if done.returncode != 0 or not any(target.glob("kafka_2.13-*.jar")):
        raise KafkaUnavailableError(
            f"Maven could not resolve Apache Kafka (network? proxy? ~/.m2/settings.xml?):\n"
            f"{' '.join(command)}\n{done.stdout}{done.stderr}"
        )
