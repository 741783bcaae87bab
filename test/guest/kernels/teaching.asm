; A kernel as one writes it to learn: nasm -f bin -i . -o teaching teaching.asm. Multiboot; 32-bit. Its calls are INT 30h with a
; number in EAX, which comes back 100 higher; 2 yields to the other process, 3 ends everything. The two processes have page
; tables of their own, and nothing tells an outsider which of them runs.
%include "kernel32.inc"
multiboot
start:
	flat_segments
	; two page directories: 4 MiB pages identity, all user
	mov edi, 0x200000
	mov ecx, 1024
	mov eax, 0x87
.pd:	mov [edi], eax
	mov [edi + 0x1000], eax
	add edi, 4
	add eax, 0x400000
	loop .pd
	; process B sees 0x400000 at 0x800000
	mov dword [0x201000 + 4], 0x800087
	mov eax, cr4
	or eax, 0x10
	mov cr4, eax
	mov eax, 0x200000
	mov cr3, eax
	mov eax, cr0
	or eax, 0x80000000
	mov cr0, eax
	base gdt.tss, tss
	mov ax, 0x28
	ltr ax
	exception_gates fault
	gate 0x30, call30, 0xee00
	lidt [idtr]
	mov eax, 0x77 ; the kernel's own call
	int 0x30
	; copy user programs
	mov esi, user_a
	mov edi, 0x400000
	mov ecx, user_end - user_a
	push esi
	push ecx
	rep movsb
	pop ecx
	pop esi
	mov edi, 0x800000
	rep movsb
	; process B's kernel stack: a frame to begin with
	mov dword [kesp_b], 0x98000 - 20 - 8 * 4
	mov dword [0x98000 - 20], 0x400000 + user_b - user_a
	mov dword [0x98000 - 16], 0x1b
	mov dword [0x98000 - 12], 0x2
	mov dword [0x98000 - 8], 0x500000
	mov dword [0x98000 - 4], 0x23
	mov dword [tss + 4], 0x9a000
	mov dword [tss + 8], 0x10
	push dword 0x23
	push dword 0x500000
	push dword 2
	push dword 0x1b
	push dword 0x400000
	mov ax, 0x23
	mov ds, ax
	mov es, ax
	iretd
call30:
	pusha
	push ds
	mov cx, 0x10
	mov ds, cx
	cmp eax, 3
	je finish
	cmp eax, 2
	je yield
	add eax, 100
	mov [esp + 4 + 28], eax
	pop ds
	popa
	iretd
yield:
	pop ds
	; on the stack: pusha frame
	mov ax, 0x10
	mov ds, ax
	mov eax, cr3
	cmp eax, 0x200000
	jne .toa
	mov [kesp_a], esp
	mov esp, [kesp_b]
	mov eax, 0x201000
	mov cr3, eax
	mov dword [tss + 4], 0x98000
	jmp .out
.toa:	mov [kesp_b], esp
	mov esp, [kesp_a]
	mov eax, 0x200000
	mov cr3, eax
	mov dword [tss + 4], 0x9a000
.out:	mov ax, 0x23
	mov ds, ax
	popa
	iretd
finish:
	xor eax, eax
	out 0xf4, al
	hlt
fault:
	mov al, 9
	out 0xf4, al
	hlt
user_a:
	mov eax, 1
	mov ebx, 0xa1
	int 0x30
	mov eax, 2
	int 0x30
	mov eax, 5
	mov ebx, 0xa5
	int 0x30
	mov eax, 2
	int 0x30
	mov eax, 3
	int 0x30
user_b:
	mov eax, 10
	mov ebx, 0xb1
	int 0x30
	mov eax, 2
	int 0x30
	mov eax, 11
	int 0x30
	mov eax, 2
	int 0x30
user_end:
align 8
gdt:	dq 0
	dq 0x00cf9b000000ffff
	dq 0x00cf93000000ffff
	dq 0x00cffb000000ffff
	dq 0x00cff3000000ffff
.tss:	dq 0x0000890000000067
gdtr:	dw gdtr - gdt - 1
	dd gdt
idtr:	dw 0x31 * 8 - 1
	dd idt
align 8
idt:	times 0x31 * 8 db 0
tss:	times 0x68 db 0
kesp_a: dd 0
kesp_b: dd 0
image_end:
