package libvirttest

import "testing"

// reader is a guest of one sector: it reads 4 KiB of the disk that it was booted from with the BIOS, over and over, one after the other.
var reader = [512]byte{
	0: 0x31, 0xc0, // xor ax, ax
	0x8e, 0xd8, // mov ds, ax
	0xbe, 0x20, 0x7c, // mov si, 0x7c20: what to read
	0xb4, 0x42, // again: mov ah, 0x42: extended read
	0xb2, 0x80, // mov dl, 0x80: the first disk
	0xcd, 0x13, // int 0x13
	0xeb, 0xf8, // jmp again

	0x20: 0x10, 0x00, // the size of what follows
	0x08, 0x00, // sectors
	0x00, 0x00, 0x00, 0x10, // to 0x1000:0x0000
	0x08, 0, 0, 0, 0, 0, 0, 0, // from the eighth on

	510: 0x55, 0xaa,
}

// ReaderImage makes an image of 16 MiB with a guest that does nothing but read from it, one request of 4 KiB at a time, as fast as it may.
func (d *Daemon) ReaderImage(t testing.TB, name string) string {
	t.Helper()
	image := make([]byte, 16<<20)
	copy(image, reader[:])
	d.write(t, name, string(image))
	d.own(t)
	return d.dir + "/" + name
}
