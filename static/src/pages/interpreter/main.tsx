import '../../ui/base.css'
import '../../ui/phone.css'
import './interpreter.css'
import { mount } from '../../shared/mount'
import { InterpreterPage } from './page'
import type { InterpreterCards } from './screen'
import { startNotifications } from './notifications'

mount<InterpreterCards>('interpreter', InterpreterPage, true, startNotifications)
