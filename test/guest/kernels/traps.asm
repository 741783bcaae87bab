; A kernel of traps and of what only looks like them: nasm -f bin -o traps traps.asm. Multiboot; 64-bit; GenuineIntel.
; User code calls by SYSCALL, SYSENTER and INT 40h, 2Eh and 80h, and runs into every fault that a monitor could take for
; one of its own. Each entry into the kernel is a line on COM1, as the kernel sees it; whoever watches must not change one.
; Ends through the debug-exit port (F4h).

LOAD equ 0x10_0000
PML4 equ 0x18_0000 ; PDPT and four page directories behind it
PAGE_TABLE equ 0x18_6000 ; of the 2 MiB at PAGES
PAGES equ 0x40_0000
ABSENT equ PAGES + 0x5000 ; until somebody goes there
KERNEL_STACK equ 0x19_0000
CALL_STACK equ 0x19_2000
FAULT_STACK equ 0x19_4000
NOWHERE equ 0x2_0000_0000 ; not mapped
USER_STACK equ 0x1a_0000
SCRATCH equ 0x1b_0000 ; what tests watch
IDT equ 0x1c_0000
MEMORY equ PML4
MEMORY_END equ 0x1d_0000

GATES equ 0x90
KERNEL_CODE equ 0x08
KERNEL_DATA equ 0x10
USER_DATA equ 0x23
USER_CODE equ 0x2b
TASK_STATE equ 0x38

COM1 equ 0x3f8
EXIT equ 0xf4
SYSENTER_CS equ 0x174
EFER equ 0xc000_0080
STAR equ 0xc000_0081
LSTAR equ 0xc000_0082
SFMASK equ 0xc000_0084
TF equ 0x100
LOCAL_APIC equ 0xfee0_0000

bits 32
org LOAD
image:
	dd 0x1bad_b002, 0x0001_0000, -(0x1bad_b002 + 0x0001_0000)
	dd image, image, image_end, image_end, start

start:
	cld
	mov edi, MEMORY
	mov ecx, (MEMORY_END - MEMORY) / 4
	xor eax, eax
	rep stosd
	mov dword [PML4], PML4 + 0x1000 + 7
	mov edi, PML4 + 0x2000 ; 4 GiB in pages of 2 MiB, for all
	mov eax, 0x87
.map:
	mov [edi], eax
	add edi, 8
	add eax, 0x20_0000
	jnc .map
	mov edi, PML4 + 0x1000
	mov eax, PML4 + 0x2000 + 7
	mov ecx, 4
.directories:
	mov [edi], eax
	add edi, 8
	add eax, 0x1000
	loop .directories
	mov dword [PML4 + 0x2000 + (PAGES >> 21) * 8], PAGE_TABLE + 7
	mov edi, PAGE_TABLE
	mov eax, PAGES + 7
	mov ecx, 512
.pages:
	mov [edi], eax
	add edi, 8
	add eax, 0x1000
	loop .pages
	mov dword [PAGE_TABLE + ((ABSENT - PAGES) >> 12) * 8], 0
	mov word [ABSENT], 0xc305
	mov eax, 0x620 ; PAE, OSFXSR, OSXMMEXCPT
	mov cr4, eax
	mov eax, PML4
	mov cr3, eax
	mov ecx, EFER
	mov eax, 0x101 ; LME, SCE
	xor edx, edx
	wrmsr
	mov eax, 0x8001_0033
	mov cr0, eax
	lgdt [gdtr]
	jmp KERNEL_CODE:long_mode

bits 64
default abs

%macro write_msr 2
	mov ecx, %1
	mov rax, %2
	mov rdx, rax
	shr rdx, 32
	wrmsr
%endmacro

; The fault that comes is the guest's; then it goes on behind the macro.
%macro faults 1+
	lea r15, [%%behind]
	%1
%%behind:
%endmacro

; A line from user code.
%macro tell 1
	mov eax, %1
	int 0x40
%endmacro

long_mode:
	mov eax, KERNEL_DATA
	mov ds, eax
	mov es, eax
	mov ss, eax
	mov esp, KERNEL_STACK
	lea rax, [task_state]
	mov [gdt.task + 2], ax
	shr eax, 16
	mov [gdt.task + 4], al
	mov eax, TASK_STATE
	ltr ax
	call fill_idt
	lidt [idtr]
	write_msr STAR, 0x001b_0008_0000_0000
	write_msr LSTAR, by_syscall
	write_msr SFMASK, 0x700
	write_msr SYSENTER_CS, KERNEL_CODE
	write_msr SYSENTER_CS + 1, CALL_STACK
	write_msr SYSENTER_CS + 2, by_sysenter

	call shown_registers
	call faults_in_kernel
	call devices
	lea rcx, [user]
	mov r11d, 2
	mov esp, USER_STACK
	o64 sysret

; ---- in the kernel ----

; SIDT, SGDT, EFER and SYSENTER_CS show what was written, whatever is in force.
shown_registers:
	sidt [table]
	lea rsi, [text.tables]
	movzx eax, word [table]
	mov rbx, [table + 2]
	call line
	sgdt [table]
	lea rsi, [text.tables]
	movzx eax, word [table]
	xor ebx, ebx
	call line
	mov ecx, EFER
	rdmsr
	mov ebx, eax
	mov ecx, SYSENTER_CS
	rdmsr
	xchg eax, ebx
	lea rsi, [text.registers]
	jmp line

faults_in_kernel:
	mov ecx, EFER ; without SCE the calls are illegal
	rdmsr
	and eax, ~1
	wrmsr
	faults syscall
	faults {o64 sysret}
	mov ecx, EFER
	rdmsr
	or eax, 1
	wrmsr
	write_msr SYSENTER_CS, 0
	faults sysenter
	faults {o64 sysexit}
	write_msr SYSENTER_CS, KERNEL_CODE
	faults ud2
	faults int 0x50 ; not present
	faults int 0xf0 ; beyond the limit
	lidt [short_idtr] ; the guest's own table holds the exceptions only
	sidt [table]
	lea rsi, [text.tables]
	movzx eax, word [table]
	xor ebx, ebx
	call line
	faults int 0x40
	faults int 0x80
	lidt [idtr]
	mov eax, 11 ; a call of the kernel's own
	int 0x2e
	mov byte [nest], 1 ; a fault in the handler of a fault
	faults ud2
	pop rax ; return address
	mov rsp, NOWHERE ; no stack to deliver on: double fault
	faults ud2
	mov esp, KERNEL_STACK
	jmp rax

; The timer, a device window, and what only a kernel does.
devices:
	mov al, 0x11
	out 0x20, al
	out 0xa0, al
	mov al, 0x20
	out 0x21, al
	mov al, 0x28
	out 0xa1, al
	mov al, 4
	out 0x21, al
	mov al, 2
	out 0xa1, al
	mov al, 1
	out 0x21, al
	out 0xa1, al
	mov al, 0xff
	out 0xa1, al
	mov al, 0xfe
	out 0x21, al
	mov al, 0x34
	out 0x43, al
	xor eax, eax
	out 0x40, al
	out 0x40, al
	sti
	hlt
	cli
	mov al, 0xff
	out 0x21, al
	mov ebx, LOCAL_APIC
	mov eax, [rbx + 0x20]
	mov dword [SCRATCH], 0x1234_5678
	mov ebx, [SCRATCH]
	lea rsi, [text.awake]
	xor eax, eax
	call line
	mov rax, cr3
	mov cr3, rax
	ret

; ---- entries ----

%macro save 0
	push rax
	push rbx
	push rcx
	push rdx
	push rsi
%endmacro
%macro restore 0
	pop rsi
	pop rdx
	pop rcx
	pop rbx
	pop rax
%endmacro

by_syscall:
	cmp eax, -1
	je finish
	mov [user_stack], rsp
	mov esp, CALL_STACK
	save
	lea rsi, [text.syscall]
	mov ebx, r11d
	call line
	restore
	mov rsp, [user_stack]
	o64 sysret

finish:
	mov edx, COM1 + 5
.drain:
	in al, dx
	test al, 0x40
	jz .drain
	xor eax, eax
	out EXIT, al
	hlt

; The user's stack in RCX, where it goes on in RDX.
by_sysenter:
	save
	lea rsi, [text.sysenter]
	mov ebx, edx
	call line
	restore
	o64 sysexit

%macro by_interrupt 1
	save
	lea rsi, [text.%1]
	mov ebx, [rsp + 40]
	call line
	restore
	iretq
%endmacro
by_40: by_interrupt int40
by_2e: by_interrupt int2e
by_80: by_interrupt int80

timer:
	push rax
	mov al, 0x20
	out 0x20, al
	pop rax
	iretq

%assign vector 0
%rep 32
exception_%+vector:
%if vector = 8 || (vector >= 10 && vector <= 14) || vector = 17
%else
	push 0
%endif
	push vector
	jmp exception
%assign vector vector + 1
%endrep

; On the stack: vector, error code, RIP, CS, RFLAGS, RSP, SS.
VECTOR equ 40
exception:
	save
	lea rsi, [text.exception]
	mov eax, [rsp + VECTOR]
	mov ebx, [rsp + VECTOR + 8]
	call line
	lea rsi, [text.at]
	mov eax, [rsp + VECTOR + 16]
	mov ebx, [rsp + VECTOR + 24]
	call line
	mov eax, [rsp + VECTOR]
	cmp eax, 8
	je .double
	cmp eax, 1
	je .step
	cmp eax, 14
	je .page
	cmp byte [nest], 0
	je .skip
	mov byte [nest], 0
	push r15
	faults int 0x50
	pop r15
.skip:
	mov [rsp + VECTOR + 16], r15
.back:
	restore
	add rsp, 16
	iretq
.step:
	dec dword [steps]
	jnz .back
	and dword [rsp + VECTOR + 32], ~TF
	jmp .back
.page:
	mov rax, cr2
	cmp rax, ABSENT
	jne .skip
	mov qword [PAGE_TABLE + ((ABSENT - PAGES) >> 12) * 8], ABSENT + 7
	invlpg [ABSENT]
	jmp .back
.double: ; RAX of the interrupted code is its way back
	mov rax, [rsp + 32]
	jmp r15

; ---- what everybody uses ----

; RSI: text; two numbers in EAX and EBX.
line:
	push rdx
	push rcx
	push rax
.text:
	mov al, [rsi]
	inc rsi
	test al, al
	jz .numbers
	call put
	jmp .text
.numbers:
	mov rax, [rsp]
	call number
	mov eax, ebx
	call number
	mov al, 10
	call put
	pop rax
	pop rcx
	pop rdx
	ret

; AL, once the port can take it.
put:
	push rax
	mov edx, COM1 + 5
.wait:
	in al, dx
	test al, 0x20
	jz .wait
	mov edx, COM1
	pop rax
	out dx, al
	ret

; EAX, after a blank.
number:
	push rsi
	push rbx
	mov ebx, eax
	mov al, ' '
	call put
	mov ecx, 8
.digit:
	rol ebx, 4
	mov eax, ebx
	and eax, 15
	lea rsi, [digits]
	mov al, [rsi + rax]
	call put
	loop .digit
	pop rbx
	pop rsi
	ret

fill_idt:
	mov edi, IDT
	lea rsi, [exceptions]
	mov ecx, 32
	mov edx, 0x8e00
.exceptions:
	lodsd
	call .gate
	loop .exceptions
	mov byte [IDT + 8 * 16 + 4], 1 ; the double fault has a stack of its own
%macro gate 3
	mov edi, IDT + %1 * 16
	lea rax, [%2]
	mov edx, %3
	call .gate
%endmacro
	gate 0x20, timer, 0x8e00
	gate 0x2e, by_2e, 0xee00
	gate 0x40, by_40, 0xee00
	gate 0x41, by_40, 0x8e00 ; not for user code
	gate 0x50, by_40, 0x6e00 ; not present
	gate 0x80, by_80, 0xee00
	ret
.gate:
	mov [rdi], ax
	mov word [rdi + 2], KERNEL_CODE
	mov [rdi + 4], dx
	shr eax, 16
	mov [rdi + 6], ax
	add rdi, 16
	ret

; ---- user mode ----

user:
	mov eax, 1
	syscall
	mov eax, 2
	db 0x66, 0x0f, 0x05 ; a prefix that does not matter
	mov eax, 3
	mov rcx, rsp
	lea rdx, [.entered]
	sysenter
.entered:
	tell 4
	mov eax, 5
	int 0x2e
	mov eax, 6
	int 0x80
	faults int 0x41
	faults int 0x50
	faults int 0xf0
	faults ud2
	faults {o64 sysret}
	faults {o64 sysexit}
	faults hlt
	mov rbx, NOWHERE
	faults {mov eax, [rbx]}
	call crossing
	call stepped
	call sensitive
	mov ebx, 0x27 ; what tests watch
	mov dword [SCRATCH], ebx
	mov eax, -1
	syscall

; Calls whose second byte is on the next page; at last on one that has to be brought in first.
crossing:
	mov word [PAGES + 0xfff], 0x050f
	mov byte [PAGES + 0x1001], 0xc3
	mov word [PAGES + 0x1fff], 0x40cd
	mov byte [PAGES + 0x2001], 0xc3
	mov byte [ABSENT - 1], 0x0f
	mov eax, 7
	mov ebx, PAGES + 0xfff
	call rbx
	mov eax, 8
	mov ebx, PAGES + 0x1fff
	call rbx
	mov eax, 9
	mov ebx, ABSENT - 1
	call rbx
	ret

; Single steps through SYSCALL and INT.
stepped:
	mov dword [steps], 12
	pushfq
	or qword [rsp], TF
	popfq
	nop
	mov eax, 10
	syscall
	nop
	int 0x40
	nop
	nop
	nop
	nop
	nop
	nop
	nop
	ret

sensitive:
	sidt [table]
	movzx ebx, word [table]
	tell ebx
	sgdt [table]
	movzx ebx, word [table]
	tell ebx
	sldt ebx
	tell ebx
	str ebx
	tell ebx
	smsw ebx
	tell ebx
	mov ecx, USER_CODE
	lar ebx, ecx
	and ebx, 0xf0_ff00 ; the limit's bits are undefined
	tell ebx
	lsl ebx, ecx
	tell ebx
	verr cx
	verw cx
	pushfq
	popfq
	mov ebx, ds
	push fs
	pop fs
	rdtsc
	xor eax, eax
	cpuid
	tell ebx
	ret

; ---- data ----

text:
.tables: db "tables", 0
.registers: db "registers", 0
.exception: db "exception", 0
.at: db "at", 0
.awake: db "awake", 0
.syscall: db "syscall", 0
.sysenter: db "sysenter", 0
.int40: db "int 40", 0
.int2e: db "int 2e", 0
.int80: db "int 80", 0
digits: db "0123456789abcdef"

align 8
exceptions:
%assign vector 0
%rep 32
	dd exception_%+vector
%assign vector vector + 1
%endrep
gdtr:
	dw gdt.end - gdt - 1
	dq gdt
idtr:
	dw GATES * 16 - 1
	dq IDT
short_idtr:
	dw 32 * 16 - 1
	dq IDT
align 8
gdt:
	dq 0
	dq 0x00af_9b00_0000_ffff
	dq 0x00cf_9300_0000_ffff
	dq 0x00cf_fb00_0000_ffff
	dq 0x00cf_f300_0000_ffff
	dq 0x00af_fb00_0000_ffff
	dq 0x00cf_f300_0000_ffff
.task:
	dq 0x0000_8900_0000_0067
	dq 0
.end:
align 8
task_state:
	dd 0
	dq KERNEL_STACK, 0, 0, 0
	dq FAULT_STACK
	times 0x68 - ($ - task_state) db 0
user_stack: dq 0
table: dq 0, 0
steps: dd 0
nest: db 0
image_end:
