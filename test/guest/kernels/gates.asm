; A teaching kernel whose calls come by call gates and tasks: nasm -f bin -i . -o gates gates.asm. Multiboot; 32-bit. A number in EAX
; comes back 100 higher, by a task 200 higher. Ends through the debug-exit port (F4h).
%include "kernel32.inc"
PLAIN equ 0x30 ; a call gate
COPYING equ 0x38 ; one with two parameters
DENIED equ 0x40 ; one that user code may not use
OTHER equ 0x48 ; a TSS for user code
TASK equ 0x50 ; a task gate to it
END equ 0x58
multiboot
%macro call_gate 3 ; selector, where to, attributes and parameters
	lea eax, [%2]
	mov [gdt + %1], ax
	mov word [gdt + %1 + 2], 8
	mov word [gdt + %1 + 4], %3
	shr eax, 16
	mov [gdt + %1 + 6], ax
%endmacro
%macro tss_at 3 ; selector, where, attributes
	lea eax, [%2]
	mov word [gdt + %1], 0x67
	mov [gdt + %1 + 2], ax
	mov word [gdt + %1 + 4], %3
	shr eax, 16
	mov [gdt + %1 + 4], al
	mov byte [gdt + %1 + 5], %3 >> 8
%endmacro
start:
	flat_segments
	call_gate PLAIN, plain, 0xec00
	call_gate COPYING, copying, 0xec02
	call_gate DENIED, plain, 0x8c00
	call_gate END, finish, 0xec00
	tss_at 0x28, tss, 0x8900
	tss_at OTHER, other, 0xe900
	mov dword [gdt + TASK], OTHER << 16
	mov dword [gdt + TASK + 4], 0xe500
	mov dword [tss + 4], 0x9a000
	mov dword [tss + 8], 0x10
	mov dword [other + 4], 0x98000
	mov dword [other + 8], 0x10
	mov dword [other + 0x20], by_task
	mov dword [other + 0x24], 2
	mov dword [other + 0x38], 0x98000
	mov dword [other + 0x48], 0x10
	mov dword [other + 0x4c], 8
	mov dword [other + 0x50], 0x10
	mov dword [other + 0x54], 0x10
	mov ax, 0x28
	ltr ax
	gate 13, protection, 0x8e00
	lidt [idtr]
	mov eax, 0x77 ; the kernel's own use of its gate
	call PLAIN:0
	push dword 0x23
	push dword 0x500000
	push dword 2
	push dword 0x1b
	push dword user
	mov ax, 0x23
	mov ds, ax
	mov es, ax
	iretd
plain:	add eax, 100
	retf
copying:
	add eax, [esp + 8] ; the first parameter
	retf 8
finish:	mov eax, edx
	out 0xf4, al
	hlt
by_task:
	mov eax, [tss + 0x28]
	add eax, 200
	mov [tss + 0x28], eax
	iretd
	jmp by_task
protection: ; a gate that is not open: goes on behind the call
	add dword [esp + 4], 7
	add esp, 4
	iretd
user:	mov eax, 1
	call PLAIN:0
	mov eax, 2
	push dword 50
	push dword 100
	call COPYING:0
	mov eax, 3
	call OTHER:0
	mov eax, 4
	call TASK:0
	mov eax, 5
	call DENIED:0
	mov eax, 6
	call 0x1b:.near ; no gate
.near:	add esp, 8
	mov eax, 7
	o16 call far [.pointer] ; a gate does not mind the size of what names it
	cmp eax, 107
	jne .wrong
	mov eax, 8
	db 0x2e ; a prefix
	call PLAIN:0
	cmp esp, 0x500000
	jne .wrong
	mov eax, 0
.wrong:	mov edx, eax
	mov eax, 9
	call END:0
	jmp $
.pointer:
	dw 0, PLAIN
align 8
gdt:	dq 0
	dq 0x00cf9b000000ffff
	dq 0x00cf93000000ffff
	dq 0x00cffb000000ffff
	dq 0x00cff3000000ffff
	times 7 dq 0
gdtr:	dw gdtr - gdt - 1
	dd gdt
idtr:	dw 14 * 8 - 1
	dd idt
align 8
idt:	times 14 * 8 db 0
tss:	times 0x68 db 0
other:	times 0x68 db 0
align 16
image_end:
