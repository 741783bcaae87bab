; A kernel with Windows NT's conventions and nothing else of it: nasm -f bin -o kernel kernel.asm
; Descriptor tables, processor control region, threads, processes and system-call numbers stand where Windows XP (SP3)
; has them. Two processes run: `old.exe` calls by INT 2Eh, `new.exe` through KUSER_SHARED_DATA and SYSENTER. Each call is
; written to COM1 as the kernel sees it, one line: pid tid process mechanism number [arguments] = status.
; Ends through the debug-exit port (F4h) with 0, or 1 after an unexpected exception.

LOAD equ 0x10_0000
BASE equ 0x8000_0000
; Not in the image; cleared at the start.
MEMORY equ BASE + 0x11_0000
%define physical(at) ((at) - BASE)

KERNEL_CODE equ 0x08
KERNEL_DATA equ 0x10
USER_CODE equ 0x1b
USER_DATA equ 0x23
TASK_STATE equ 0x28
PROCESSOR equ 0x30
THREAD_BLOCK equ 0x3b
GDT_LIMIT equ 0x3ff
IDT_LIMIT equ 0x7ff

; Fields, as offsets: the processor control region, ETHREAD, EPROCESS, KUSER_SHARED_DATA.
PCR_SELF equ 0x1c
PCR_PRCB equ 0x20
PCR_IDT equ 0x38
PCR_GDT equ 0x3c
PCR_TSS equ 0x40
PCR_THREAD equ 0x124
THREAD_STACK equ 0x28
THREAD_PROCESS equ 0x44
THREAD_CLIENT equ 0x1ec
PROCESS_DIRECTORY equ 0x18
PROCESS_ID equ 0x84
PROCESS_NAME equ 0x174
SHARED equ 0x7ffe_0000
SHARED_ROOT equ 0x30
SHARED_PRODUCT equ 0x264
SHARED_VERSION equ 0x26c
SHARED_CALL equ 0x300

; Where a process sees itself.
TEXT equ 0x0040_1000
STACK equ 0x0041_0000
BLOCK equ 0x7ffd_e000

COM1 equ 0x3f8
EXIT equ 0xf4
SYSENTER_CS equ 0x174
SYSENTER_ESP equ 0x175
SYSENTER_EIP equ 0x176

STATUS_SUCCESS equ 0
STATUS_NO_YIELD_PERFORMED equ 0x4000_0024
STATUS_INVALID_SYSTEM_SERVICE equ 0xc000_001c
STATUS_INVALID_HANDLE equ 0xc000_0008

bits 32
org BASE + LOAD

image:
align 4
	dd 0x1bad_b002, 0x0001_0000, -(0x1bad_b002 + 0x0001_0000)
	dd physical(image), physical(image), physical(image_end), physical(memory_end), physical(start)

; ---- from the boot loader to the upper half ----

start:
	cli
	mov edi, physical(memory)
	mov ecx, (memory_end - memory) / 4
	xor eax, eax
	cld
	rep stosd
	mov ebx, physical(old_process)
	mov esi, physical(old_text)
	call make_directory
	mov ebx, physical(new_process)
	mov esi, physical(new_text)
	call make_directory
	mov eax, [physical(old_process) + PROCESS_DIRECTORY]
	mov cr3, eax
	mov eax, cr4
	or eax, 0x10 ; PSE
	mov cr4, eax
	mov eax, cr0
	or eax, 0x8001_0001 ; PG WP PE
	mov cr0, eax
	mov eax, upper
	jmp eax

; EBX: process, ESI: its code. Both physical. The identity map of the first 4 MiB is the kernel's, at 0 and at BASE.
make_directory:
	mov edi, [physical(next_page)]
	add dword [physical(next_page)], 0x5000
	mov [ebx + PROCESS_DIRECTORY], edi
	mov dword [edi], 0x83
	mov dword [edi + (BASE >> 22) * 4], 0x83
	lea eax, [edi + 0x1000 + 7]
	mov [edi + (TEXT >> 22) * 4], eax
	lea eax, [edi + 0x2000 + 7]
	mov [edi + (SHARED >> 22) * 4], eax
	lea eax, [esi + 5]
	mov [edi + 0x1000 + ((TEXT >> 12) & 1023) * 4], eax
	lea eax, [edi + 0x3000 + 7]
	mov [edi + 0x1000 + (((STACK >> 12) - 1) & 1023) * 4], eax
	lea eax, [edi + 0x4000 + 7]
	mov [edi + 0x2000 + ((BLOCK >> 12) & 1023) * 4], eax
	mov dword [edi + 0x2000 + ((SHARED >> 12) & 1023) * 4], physical(shared_page) + 5
	ret

upper:
	mov esp, boot_stack
	lgdt [gdt_register]
	jmp KERNEL_CODE:.reload
.reload:
	mov ax, KERNEL_DATA
	mov ds, ax
	mov es, ax
	mov ss, ax
	mov ax, PROCESSOR
	mov fs, ax
	xor eax, eax
	mov gs, ax
	lldt ax
	call fill_interrupts
	lidt [idt_register]
	mov ax, TASK_STATE
	ltr ax
	mov dword [tss + 8], KERNEL_DATA
	mov dword [pcr + PCR_SELF], pcr
	mov dword [pcr + PCR_PRCB], pcr + 0x120
	mov dword [pcr + PCR_IDT], idt
	mov dword [pcr + PCR_GDT], gdt
	mov dword [pcr + PCR_TSS], tss
	xor edx, edx
	mov ecx, SYSENTER_CS
	mov eax, KERNEL_CODE
	wrmsr
	inc ecx
	mov eax, boot_stack
	wrmsr
	inc ecx
	mov eax, fast_call
	wrmsr
	call make_serial
	mov ebx, old_thread
	mov esi, old_process
	mov edi, old_stack
	mov ecx, old_name
	mov edx, 0x7d4_07d0 ; tid, pid
	call make_thread
	mov ebx, new_thread
	mov esi, new_process
	mov edi, new_stack
	mov ecx, new_name
	mov edx, 0x7e4_07e0
	call make_thread
	mov ebx, old_thread
	jmp run_thread

; EBX: thread, ESI: process, EDI: top of its kernel stack, ECX: name, EDX: ids. The stack holds a frame that starts it.
make_thread:
	mov [ebx + THREAD_PROCESS], esi
	movzx eax, dx
	mov [esi + PROCESS_ID], eax
	mov [ebx + THREAD_CLIENT], eax
	shr edx, 16
	mov [ebx + THREAD_CLIENT + 4], edx
	mov eax, [ecx]
	mov [esi + PROCESS_NAME], eax
	mov eax, [ecx + 4]
	mov [esi + PROCESS_NAME + 4], eax
	sub edi, FRAME_BYTES
	mov dword [edi + FRAME_EIP], TEXT
	mov dword [edi + FRAME_CS], USER_CODE
	mov dword [edi + FRAME_EFLAGS], 2
	mov dword [edi + FRAME_ESP], STACK
	mov dword [edi + FRAME_SS], USER_DATA
	mov [ebx + THREAD_STACK], edi
	mov dword [ebx + THREAD_LIVES], 1
	ret

; Of our own, behind ETHREAD: whether the thread has not ended, and its present call.
THREAD_LIVES equ 0x240
THREAD_NUMBER equ 0x244
THREAD_ARGUMENTS equ 0x248
THREAD_COUNT equ 0x24c

; ---- entries ----

; What an entry leaves on the kernel stack: PUSHAD's registers, how it entered, the frame of the processor.
FRAME_EDX equ 20
FRAME_EAX equ 28
FRAME_FAST equ 32
FRAME_EIP equ 36
FRAME_CS equ 40
FRAME_EFLAGS equ 44
FRAME_ESP equ 48
FRAME_SS equ 52
FRAME_BYTES equ 56

; INT 2Eh: number in EAX, arguments at EDX.
system_service:
	push dword 0
	pushad
	mov esi, edx
	jmp dispatch

; SYSENTER: number in EAX, EDX is the user's stack: two return addresses, then the arguments.
fast_call:
	mov esp, [tss + 4]
	push dword USER_DATA
	push edx
	push dword 2
	push dword USER_CODE
	push dword SHARED + SHARED_CALL + 4 ; the RET behind SYSENTER
	push dword 1
	pushad
	lea esi, [edx + 8]

; ESI: the arguments.
dispatch:
	mov ax, KERNEL_DATA
	mov ds, ax
	mov es, ax
	mov ax, PROCESSOR
	mov fs, ax
	mov eax, [esp + FRAME_EAX]
	mov ebx, [pcr + PCR_THREAD]
	mov [ebx + THREAD_NUMBER], eax
	mov [ebx + THREAD_ARGUMENTS], esi
	mov dword [ebx + THREAD_COUNT], 0
	mov ecx, service_count
	mov edi, services
.search:
	cmp [edi], eax
	je .found
	add edi, SERVICE_BYTES
	loop .search
	mov eax, STATUS_INVALID_SYSTEM_SERVICE
	jmp .done
.found:
	mov ecx, [edi + 4]
	mov [ebx + THREAD_COUNT], ecx
	mov ebp, esp
	mov edx, edi
	shl ecx, 2
	sub esp, ecx
	shr ecx, 2
	mov edi, esp
	rep movsd ; the arguments move to the kernel's stack
	mov ebx, esp
	call [edx + 8]
	mov esp, ebp
.done:
	mov [esp + FRAME_EAX], eax
	call log_call

; Back to the thread whose frame is at ESP.
leave_kernel:
	cmp dword [esp + FRAME_FAST], 0
	jne .fast
	mov ax, USER_DATA
	mov ds, ax
	mov es, ax
	mov ax, THREAD_BLOCK
	mov fs, ax
	popad
	add esp, 4
	iretd
.fast:
	mov ax, USER_DATA
	mov ds, ax
	mov es, ax
	mov ax, THREAD_BLOCK
	mov fs, ax
	popad
	add esp, 4
	mov edx, [esp]
	mov ecx, [esp + 12]
	sysexit

; EBX: thread. Its directory, its stack, and out.
run_thread:
	mov [pcr + PCR_THREAD], ebx
	mov eax, [ebx + THREAD_PROCESS]
	mov eax, [eax + PROCESS_DIRECTORY]
	mov cr3, eax
	mov esp, [ebx + THREAD_STACK]
	lea eax, [esp + FRAME_BYTES]
	mov [tss + 4], eax
	jmp leave_kernel

unexpected:
	mov ax, KERNEL_DATA
	mov ds, ax
	mov al, 1
	out EXIT, al
	hlt

; ---- services: EBX points to the arguments, status in EAX ----

SERVICE_BYTES equ 12
align 4
services: ; number, arguments, handler
	dd 0x19, 1, close
	dd 0x25, 11, create_file
	dd 0x3b, 2, succeed ; NtDelayExecution
	dd 0x43, 1, display_string
	dd 0x9a, 5, succeed ; NtQueryInformationProcess
	dd 0xae, 1, query_system_time
	dd 0xb7, 9, read_file
	dd 0x101, 2, terminate_process
	dd 0x112, 9, succeed ; NtWriteFile
	dd 0x116, 0, yield_execution
service_count equ ($ - services) / SERVICE_BYTES

succeed:
	xor eax, eax
	ret

close:
	mov eax, STATUS_SUCCESS
	cmp dword [ebx], 0x40
	je .ours
	mov eax, STATUS_INVALID_HANDLE
.ours:
	ret

create_file:
	mov eax, [ebx]
	mov dword [eax], 0x40
	xor eax, eax
	ret

; A UNICODE_STRING of ASCII characters, to COM1.
display_string:
	mov edx, [ebx]
	movzx ecx, word [edx]
	shr ecx, 1
	mov esi, [edx + 4]
.next:
	mov al, [esi]
	call put
	add esi, 2
	loop .next
	xor eax, eax
	ret

query_system_time:
	mov eax, [ebx]
	mov dword [eax], 0x1234_5678
	mov dword [eax + 4], 0x01d0_0000
	xor eax, eax
	ret

; Nine arguments; number 5 is the buffer, 6 its length. An IO_STATUS_BLOCK takes what was read.
read_file:
	mov edi, [ebx + 20]
	mov esi, contents
	mov ecx, [ebx + 24]
	cmp ecx, contents_length
	jbe .fits
	mov ecx, contents_length
.fits:
	mov eax, [ebx + 16]
	mov dword [eax], 0
	mov [eax + 4], ecx
	rep movsb
	xor eax, eax
	ret

; The other thread goes on, if it lives; this one when that yields or ends.
yield_execution:
	call other_thread
	cmp dword [ebx + THREAD_LIVES], 0
	jne .switch
	mov eax, STATUS_NO_YIELD_PERFORMED
	ret
.switch:
	mov esp, ebp
	mov dword [esp + FRAME_EAX], STATUS_SUCCESS
	call log_call
	mov eax, [pcr + PCR_THREAD]
	mov [eax + THREAD_STACK], esp
	jmp run_thread

terminate_process:
	mov esp, ebp
	mov dword [esp + FRAME_EAX], STATUS_SUCCESS
	call log_call
	mov eax, [pcr + PCR_THREAD]
	mov dword [eax + THREAD_LIVES], 0
	call other_thread
	cmp dword [ebx + THREAD_LIVES], 0
	jne run_thread
	mov al, 0
	out EXIT, al
	hlt

; EBX: the thread that does not run.
other_thread:
	mov ebx, old_thread
	cmp [pcr + PCR_THREAD], ebx
	jne .found
	mov ebx, new_thread
.found:
	ret

; ---- the kernel's own account of each call ----

; Of the present thread's call, with the status in its frame, which is above the return address.
log_call:
	pushad
	mov ebp, [pcr + PCR_THREAD]
	mov eax, [ebp + THREAD_CLIENT]
	call put_number
	mov eax, [ebp + THREAD_CLIENT + 4]
	call put_number
	mov esi, [ebp + THREAD_PROCESS]
	add esi, PROCESS_NAME
	call put_word
	mov esi, name_int2e
	cmp dword [esp + 36 + FRAME_FAST], 0
	je .entered
	mov esi, name_sysenter
.entered:
	call put_word
	mov eax, [ebp + THREAD_NUMBER]
	call put_number
	mov esi, [ebp + THREAD_ARGUMENTS]
	mov ecx, [ebp + THREAD_COUNT]
	jecxz .result
.argument:
	lodsd
	call put_number
	loop .argument
.result:
	mov al, '='
	call put
	mov al, ' '
	call put
	mov eax, [esp + 36 + FRAME_EAX]
	call put_number
	mov al, 10
	call put
	popad
	ret

; ESI: text with a zero behind it.
put_word:
	lodsb
	test al, al
	jz put_space
	call put
	jmp put_word
put_space:
	mov al, ' '
	jmp put

; EAX in hexadecimal, without leading zeros.
put_number:
	pushad
	mov edx, eax
	mov ecx, 8
	xor ebx, ebx
.digit:
	rol edx, 4
	mov eax, edx
	and eax, 15
	or ebx, eax
	jnz .show
	cmp ecx, 1
	jne .skip
.show:
	or ebx, 16
	mov al, [digits + eax]
	call put
.skip:
	loop .digit
	popad
	jmp put_space

put:
	push edx
	push eax
	mov dx, COM1 + 5
.wait:
	in al, dx
	test al, 0x20
	jz .wait
	mov dx, COM1
	pop eax
	out dx, al
	pop edx
	ret

make_serial:
	mov dx, COM1 + 3
	mov al, 3
	out dx, al
	ret

; Exceptions end the run, 2Eh is the system service, all other vectors are absent.
fill_interrupts:
	mov edi, idt
	mov ecx, 32
	mov eax, unexpected
	mov edx, 0x8e00
.gate:
	call fill_gate
	loop .gate
	mov edi, idt + 0x2e * 8
	mov eax, system_service
	mov edx, 0xee00
fill_gate:
	mov [edi], ax
	mov word [edi + 2], KERNEL_CODE
	mov [edi + 4], dx
	push eax
	shr eax, 16
	mov [edi + 6], ax
	pop eax
	add edi, 8
	ret

align 8
gdt:
	dq 0
	dq 0x00cf_9b00_0000_ffff
	dq 0x00cf_9300_0000_ffff
	dq 0x00cf_fb00_0000_ffff
	dq 0x00cf_f300_0000_ffff
	dw 0x67, (physical(tss) & 0xffff)
	db (physical(tss) >> 16), 0x89, 0, BASE >> 24
	dw 0x0fff, (physical(pcr) & 0xffff)
	db (physical(pcr) >> 16), 0x93, 0x40, BASE >> 24
	dw 0x0fff, BLOCK & 0xffff
	db (BLOCK >> 16) & 0xff, 0xf3, 0x40, BLOCK >> 24
	times GDT_LIMIT + 1 - ($ - gdt) db 0
gdt_register:
	dw GDT_LIMIT
	dd gdt
idt_register:
	dw IDT_LIMIT
	dd idt

next_page: dd physical(pages)
digits: db "0123456789abcdef"
old_name: db "old.exe", 0
new_name: db "new.exe", 0
name_int2e: db "int2e", 0
name_sysenter: db "sysenter", 0
contents: db "what was read"
contents_length equ $ - contents

; ---- programs, each in a page of its own ----

align 4096
old_text:
	%define at(label) (TEXT + (label) - old_text)
	sub esp, 64
	mov ebx, esp ; handle, IO_STATUS_BLOCK, buffer
	push dword 0
	push dword 0
	push dword 0x20
	push dword 1
	push dword 3
	push dword 0
	push dword 0
	lea eax, [ebx + 4]
	push eax
	push dword 0
	push dword 0x8010_0080
	push ebx
	call .create_file
	push dword 0
	push dword 0
	push dword 32
	lea eax, [ebx + 16]
	push eax
	lea eax, [ebx + 4]
	push eax
	push dword 0
	push dword 0
	push dword 0
	push dword [ebx]
	call .read_file
	call .yield_execution
	push dword [ebx]
	call .close
	push dword 0x1234
	call .close
	push dword 7
	push dword -1
	call .terminate_process
%macro old_service 2 ; number, arguments
	mov eax, %1
	lea edx, [esp + 4]
	int 0x2e
	ret %2 * 4
%endmacro
.close: old_service 0x19, 1
.create_file: old_service 0x25, 11
.read_file: old_service 0xb7, 9
.terminate_process: old_service 0x101, 2
.yield_execution: old_service 0x116, 0
align 4096
new_text:
	%undef at
	%define at(label) (TEXT + (label) - new_text)
	sub esp, 64
	mov ebx, esp
	push ebx
	call .query_system_time
	push dword at(.message)
	call .display_string
	call .yield_execution
	call .unknown
	push dword 0
	push dword -1
	call .terminate_process
%macro new_service 2 ; number, arguments
	mov eax, %1
	mov edx, SHARED + SHARED_CALL
	call edx
	ret %2 * 4
%endmacro
.display_string: new_service 0x43, 1
.query_system_time: new_service 0xae, 1
.terminate_process: new_service 0x101, 2
.yield_execution: new_service 0x116, 0
.unknown: new_service 0xfff, 0
.message: ; UNICODE_STRING
	dw .message_end - .message_text, .message_end - .message_text
	dd at(.message_text)
.message_text: dw 'h', 'e', 'l', 'l', 'o', 10
.message_end:
align 4096
shared_page:
	times SHARED_ROOT db 0
	dw 'C', ':', '\', 'W', 'I', 'N', 'D', 'O', 'W', 'S', 0
	times SHARED_PRODUCT - ($ - shared_page) db 0
	dd 1, 1 ; a workstation
	dd 5, 1
	times SHARED_CALL - ($ - shared_page) db 0
	mov edx, esp
	sysenter
	ret
align 4096
image_end:

absolute MEMORY
memory:
pcr: resb 4096
idt: resb IDT_LIMIT + 1
tss: resb 104
alignb 16
old_thread: resb 0x260
new_thread: resb 0x260
old_process: resb 0x260
new_process: resb 0x260
resb 4096
old_stack: resb 4096
new_stack:
resb 4096
boot_stack:
alignb 4096
pages: resb 10 * 4096
memory_end:
