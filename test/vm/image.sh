#!/bin/sh
# Makes the machine that the tests of this folder boot: Debian 12 with its own kernel, systemd, AppArmor, libvirt and QEMU, as a
# host has them, and nothing of Berth. Needs root, mmdebstrap, e2fsprogs and Debian's mirror; takes some minutes.
#
#   test/vm/image.sh FOLDER     writes FOLDER/root.img, FOLDER/vmlinuz and FOLDER/initrd.img; the image last
set -eu
folder=${1:?name a folder}
mkdir -p "$folder"
tree=$folder/tree
rm -rf "$tree"
trap 'rm -rf "$tree"' EXIT

packages=systemd-sysv,udev,dbus,kmod,procps,iproute2,nftables,iptables,apparmor,ca-certificates,git,npm
packages=$packages,linux-image-amd64,initramfs-tools,zstd,qemu-guest-agent
packages=$packages,libvirt-daemon-system,libvirt-clients,qemu-system-x86,qemu-utils,dnsmasq-base

# Of the kernel's modules the first file system needs three; with all of them the emulated processor unpacks for a minute.
early='mkdir -p "$1/etc/initramfs-tools/conf.d" "$1/etc/initramfs-tools/hooks"
printf "MODULES=list\nCOMPRESS=zstd\n" > "$1/etc/initramfs-tools/conf.d/berth"
printf "#!/bin/sh\n[ \"\$1\" != prereqs ] || exit 0\n. /usr/share/initramfs-tools/hook-functions\nfor m in virtio_pci virtio_blk ext4; do force_load \$m; done\n" > "$1/etc/initramfs-tools/hooks/berth"
chmod 755 "$1/etc/initramfs-tools/hooks/berth"'

# root has no password: nobody but this machine reaches it, and a person who looks at its console may want to come in.
late='rm -f "$1/etc/machine-id"; : > "$1/etc/machine-id"
chroot "$1" passwd -q -d root
printf "[Match]\nMACAddress=52:54:00:bb:00:01\n[Network]\nDHCP=yes\n" > "$1/etc/systemd/network/10-mirror.network"
printf "nameserver 10.0.2.3\n" > "$1/etc/resolv.conf"
chroot "$1" systemctl -q enable systemd-networkd'

# It trusts whom this machine trusts: a machine behind a proxy often has an authority of its own.
mmdebstrap --quiet --variant=minbase --include="$packages" --essential-hook="$early" \
  --customize-hook='upload /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt' \
  --customize-hook="$late" bookworm "$tree"
cp "$(ls "$tree"/boot/vmlinuz-* | tail -n 1)" "$folder/vmlinuz"
cp "$(ls "$tree"/boot/initrd.img-* | tail -n 1)" "$folder/initrd.img"
rm -rf "$tree"/boot/* "$tree"/var/cache/apt/archives/*.deb
mkfs.ext4 -q -L root -d "$tree" "$folder/root.img.new" 6G
mv "$folder/root.img.new" "$folder/root.img"
