; A 32-bit kernel that makes every access and load that is trapped once, in an order that its test knows, and calls by gates of
; four kinds: nasm -f bin -i . -o instructions instructions.asm. Multiboot. Ends through the debug-exit port (F4h).
CELL equ 0x180000
%include "kernel32.inc"
multiboot
start:
	flat_segments
	base gdt.tss, tss
	base gdt.ldt, ldt
	lea eax,[bygate]
	mov [gdt.cg],ax
	shr eax,16
	mov [gdt.cg+6],ax
	mov dword [tss+4],0x9a000
	mov dword [tss+8],0x10
	mov ax,0x28
	ltr ax
	mov ax,0x30
	lldt ax
	exception_gates fault
	gate 0x30,h30,0xee00
	gate 0x40,h40,0xef00
	gate 0x80,h80,0xef00
	gate 0x2e,h2e,0xee00
	gate 0x21,irq,0x8e00
	gate 0x20,irq,0x8e00
	lidt [idtr]
; control
	mov eax,cr0
	mov cr0,eax
	smsw ax
	or ax,8     ; TS
	lmsw ax
	clts
	rdtsc
	mov ecx,0x277
	rdmsr
	wrmsr
	mov eax,cr4
	or eax,0x40600 ; OSXSAVE, and SSE
	mov cr4,eax
	xor ecx,ecx
	xor edx,edx
	mov eax,3
	xsetbv
	sgdt [tmp]
	sidt [tmp]
	sldt [tmp]
	str [tmp]
; port io: 0x80 bytes, words, dwords; string
	mov al,0x5a
	out 0x80,al
	mov dx,0x81
	mov ax,0x1234
	out dx,ax
	mov eax,0x12345678
	out dx,eax
	in eax,0x80
	mov esi,strs
	mov ecx,3
	mov dx,0x80
	rep outsb
	mov esi,strs
	mov ecx,2
	rep outsw
	mov esi,strs
	outsd
	mov edi,tmp
	mov ecx,3
	mov dx,0x61
	rep insb
	mov dx,0x3ff
	in ax,dx ; straddles uart
	mov dx,0x3fe
	in eax,dx
; mmio lapic
	mov ebx,0xfee00000
	mov eax,[ebx+0x30]
	mov dword [ebx+0xf0],0x1ff
	mov al,[ebx+0x30]
	mov eax,[ebx+0x21] ; unaligned
	mov esi,0xfee00030
	mov edi,tmp
	movsd
	mov eax,[0xfec00000]
	mov dword [0xfec00000],1
	mov eax,[0xfec00010]
; writes to a watched CELL
	mov dword [CELL],1
	lock inc dword [CELL]
	mov [CELL+3],eax
	push dword [CELL]
	pop dword [CELL]
	call 8:.fc
.fc:	add esp,8
	mov esp,CELL+4
	push dword 0x77
	mov esp,CELL+8
	call 8:.fc2
.fc2:	mov esp,0x9f000
; user
	push dword 0x23
	push dword 0x500000
	push dword 0x3002
	push dword 0x1b
	push dword user
	mov ax,0x23
	mov ds,ax
	mov es,ax
	iretd
h30:	inc eax
	iretd
h40:	add eax,2
	iretd
h80:	add eax,3
	iretd
h2e:	add eax,4
	iretd
bygate:	add eax,5
	retf 8
irq:	push eax
	mov al,0x20
	out 0x20,al
	pop eax
	iretd
fault:	mov al,9
	out 0xf4,al
	hlt
user:	mov eax,0x100
	mov ebx,0xb
	int 0x30
	int 0x40
	int 0x80
	int 0x2e
	mov edx,0x500000
	push dword 0x11
	push dword 0x22
	call 0x3b:0
		db 0x66 ; a prefix
	int 0x30
	pushfd
	popfd
	sgdt [tmp]
	mov ax,ds
	mov es,ax
	push ds
	pop fs
	lar ecx,ax
	lsl ecx,ax
	verr ax
	verw ax
	call 0x1b:.u2
.u2:	jmp 0x1b:.u3
.u3:	add esp,8
	cpuid
	mov eax,0x200
	int 0x80
	mov al,0
	out 0xf4,al
	jmp $
align 8
gdt:	dq 0
	dq 0x00cf9b000000ffff
	dq 0x00cf93000000ffff
	dq 0x00cffb000000ffff
	dq 0x00cff3000000ffff
.tss:	dq 0x0000890000000067
.ldt:	dq 0x000082000000001f
.cg:	dq 0x0000ec0200080000   ; call gate DPL3, 2 params
gdtr:	dw gdtr-gdt-1
	dd gdt
idtr:	dw 0x81*8-1
	dd idt
align 8
ldt:	times 4 dq 0
idt:	times 0x81*8 db 0
tss:	times 0x68 db 0
strs:	db "abcdefgh"
tmp:	times 64 db 0
align 16
image_end:
