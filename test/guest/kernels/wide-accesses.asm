; A 32-bit kernel that reads and writes devices in wide and repeated ways: nasm -f bin -i . -o wide-accesses wide-accesses.asm.
; Multiboot. Ends through the debug-exit port (F4h).
%include "kernel32.inc"
multiboot
start:
	cld
	mov esp, 0x9f000
	mov eax, cr4
	or eax, 0x600
	mov cr4, eax
	mov esi, 0xfee00020
	mov edi, buf
	mov ecx, 3
	rep movsd
	mov edi, 0xfee000f0
	mov eax, 0x1ff
	mov ecx, 2
	rep stosd
	movq mm0, [0xfee00030]
	movq [0xfee000f0], mm0
	movups xmm0, [0xfee00020]
	movups [0xfee000f0], xmm0
	lock or dword [0xfee000f0], 0x100
	xchg eax, [0xfee000f0]
	push dword [0xfee00030]
	pop dword [0xfee000f0]
	fld tword [0xfee00030]
	mov word [0xfee000f3], 0x1234 ; crosses a register
	mov ecx, 2
	mov dx, 0x80
	mov edi, buf
	rep insd
	mov esi, buf
	mov ecx, 2
	rep outsd
	mov esi, 0xfee00030
	mov dx, 0x80
	outsd
	mov edi, 0xfee000f0
	insd
	std
	mov esi, buf+4
	mov ecx, 2
	rep outsd
	cld
	xor eax, eax
	out 0xf4, al
	hlt
align 16
buf: times 64 db 0
image_end:
