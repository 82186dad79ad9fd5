# SPDX-License-Identifier: MIT
"""What the machine is started from: Debian's kernel, unpacked and not installed; an initial file system;
a disk with a small Debian, and one with what was built here. All of it lies below build-vm."""
import glob, gzip, os, re, shutil, subprocess
HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
ROOT = os.path.dirname(TESTS)
FOLDER = os.path.join(ROOT, "build-vm")
# In Debian 12, and what the suite calls for besides.
PACKAGES = "python3 strace uidmap squashfs-tools kmod procps iproute2 libcap2-bin git gcc libc6-dev make apparmor".split()
# What the machine needs, what sandboxes mount, and what the examination asks for and should be refused.
MODULES = "virtio_pci virtio_blk ext4 overlay squashfs loop fuse veth binfmt_misc af_alg algif_hash can can_raw tipc af_key vsock".split()
# Of the repository, beside what was built.
OURS = ["tests", "examples", "completions", "schemas", "man", "src", "README.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md", "dev"]


class Problem(Exception):
    pass


def output(*argv, **options):
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode:
        raise Problem(f"{' '.join(argv)}: ended with {done.returncode}\n{done.stdout[-2000:]}")
    return done.stdout


def kernel():
    """The folder of Debian's newest 6.1, fetched when it is not here."""
    found = re.search(r"linux-image-6\.1\.\S+", output("apt-cache", "depends", "linux-image-amd64"))
    if not found:
        raise Problem("apt knows no linux-image-amd64 of 6.1; is this Debian 12, and has apt-get update been run?")
    folder = os.path.join(FOLDER, found.group())
    if not glob.glob(folder + "/boot/vmlinuz-*"):
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder + ".part", exist_ok=True)
        output("apt-get", "download", found.group(), cwd=folder + ".part")
        for package in glob.glob(folder + ".part/*.deb"):
            output("dpkg", "-x", package, folder + ".part")
            os.unlink(package)
        version = os.listdir(folder + ".part/lib/modules")[0]
        output("depmod", "-b", folder + ".part", version)
        os.rename(folder + ".part", folder)
    return folder


def initial(folder):
    """The initial file system, with busybox and the modules in the order in which they go in."""
    version = os.listdir(folder + "/lib/modules")[0]
    root, path = os.path.join(FOLDER, "initial"), os.path.join(FOLDER, "initrd")
    shutil.rmtree(root, ignore_errors=True)
    os.makedirs(root + "/bin")
    os.mkdir(root + "/modules")
    shutil.copy("/bin/busybox", root + "/bin/busybox")
    shutil.copy(os.path.join(HERE, "init"), root + "/init")
    order = []
    for module in MODULES:
        for line in output("modprobe", "-d", folder, "-S", version, "--show-depends", module).splitlines():
            words = line.split()
            if words[0] == "insmod" and words[1] not in order:
                order.append(words[1])
    for each in order:
        shutil.copy(each, root + "/modules")
    with open(root + "/modules/order", "w") as file:
        file.writelines(os.path.basename(each) + "\n" for each in order)
    names = "\0".join(os.path.relpath(os.path.join(top, name), root) for top, folders, files in os.walk(root) for name in folders + files)
    archive = subprocess.run(["cpio", "--create", "--format=newc", "--null", "--quiet", "--owner=0:0"], input=names.encode(), stdout=subprocess.PIPE, cwd=root, check=True).stdout
    with gzip.open(path, "wb", 1) as file:
        file.write(archive)
    return path


def disk(path, source, spare):
    """An ext4 file system with what is in a folder, made without a mount; `spare` is in MiB."""
    size = int(output("du", "-sxm", source).split()[0])
    with open(path + ".part", "w") as file:
        file.truncate((size + size // 4 + spare) << 20)
    output("mke2fs", "-q", "-F", "-t", "ext4", "-O", "^has_journal", "-E", "root_owner=0:0", "-d", source, path + ".part")
    os.rename(path + ".part", path)
    return path


def debian():
    """The disk with Debian, made anew when its tree is."""
    tree, path = os.path.join(FOLDER, "tree"), os.path.join(FOLDER, "debian.ext4")
    if subprocess.run([TESTS + "/tree", tree, *PACKAGES], stdin=subprocess.DEVNULL).returncode:
        raise Problem("there is no Debian tree")
    if not os.path.exists(path) or os.stat(path).st_mtime < os.stat(tree + ".stamp").st_mtime:
        disk(path, tree, 600)
    return path


def ours(words):
    """The disk with what was built and the tests."""
    root = os.path.join(FOLDER, "nsbox")
    shutil.rmtree(root, ignore_errors=True)
    os.makedirs(root + "/build/tests")
    for name in OURS:
        source = os.path.join(ROOT, name)
        if os.path.isdir(source):
            shutil.copytree(source, os.path.join(root, name), symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, root)
    for name in ("nsbox", "tests/probe", "tests/inside", "tests/inject", "tests/refuse", "tests/golden", "tests/unit"):
        output("strip", "-o", os.path.join(root, "build", name), os.path.join(ROOT, "build", name))
    if any("programs" in word for word in words) and os.path.exists(ROOT + "/build/programs-tree.stamp"):
        output("cp", "-a", ROOT + "/build/programs-tree", ROOT + "/build/programs-tree.stamp", root + "/build")
    with open(root + "/words", "w") as file:
        file.writelines(word + "\n" for word in words)
    return disk(os.path.join(FOLDER, "nsbox.ext4"), root, 100)
