import '../../ui/base.css'
import '../../ui/phone.css'
import './interpreter.css'
import { mount } from '../../shared/mount'
import { startNotifications } from './notifications'
import { InterpreterPage } from './page'
import type { InterpreterCards } from './screen'

mount<InterpreterCards>('interpreter', InterpreterPage, true, startNotifications)
